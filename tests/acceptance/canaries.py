"""Words that must not get out: where they are planted, and how what got out is searched for them."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from bildwerk.sandbox.process import find_free_ports
from contracts.topics import Topic
from tests.acceptance.injections import embed
from tests.acceptance.pictures import draw
from tests.acceptance.world import CAPTION, TITLE, World
from tests.object_store import KEY_ID

SECRETS: Final = (
    "canarydatabasepassword", "canaryollamauser", "canaryollamapassword", "canarybearer", "canarykafkapassword",
    KEY_ID, "canarykeysecret", "canarytoken", "canarylinkpassword",
)  # fmt: skip
"""Passwords and what is like them; the last one stands in a reference, which is anybody's."""
LINK: Final = "canarylinkpassword"
CONTENT: Final = (
    "canaryfolder",
    "canaryfile",
    "canaryprompt",
    "canaryembedded",
    "canarytag",
    "canaryanswer",
    "canaryevent",
)
"""What people, files and models say."""
INSTRUCTIONS: Final = "State what is clearly visible"
"""A piece of our own prompts."""


@dataclass(frozen=True)
class Planted:
    """Media by what becomes of them, and the files' bytes."""

    settling: tuple[int, ...]
    waiting: tuple[int, ...]
    pictures: tuple[bytes, ...]

    def pieces(self) -> list[str]:
        """Text by which the bytes of a picture would be known: Base64 in each of its phases, and hexadecimal digits."""
        found = ["/9j/4AAQ"]
        for data in self.pictures:
            middle = len(data) // 2
            found += [base64.b64encode(data[middle + phase : middle + phase + 30]).decode() for phase in range(3)]
            found.append(data[middle : middle + 20].hex())
        return found


def list_settings(world: World, store: str) -> dict[str, object]:
    """Settings full of secrets, with which everything works; `store` is the address of an object store."""
    with_user = world.ollama.url.replace("//", f"//{SECRETS[1]}:{SECRETS[2]}@")
    other_name = world.ollama.url.replace("127.0.0.1", "localhost")
    return {
        "DATABASE_URL": add_password(world.database, SECRETS[0]),
        "OLLAMA_HOST": f"{with_user}=2,{other_name}=2", "ollama_api_key": SECRETS[3],
        "s3_buckets": "shelf", "s3_endpoint": store, "s3_access_key_id": SECRETS[5],
        "s3_secret_access_key": SECRETS[6], "s3_session_token": SECRETS[7], "reference_seconds": 2,
        "http_references": "127.0.0.1:9,example.org",
        "retry_base_seconds": 0.1,
    }  # fmt: skip


def list_failing_settings() -> dict[str, object]:
    """The same, where nothing answers or nobody is let in."""
    (closed,) = find_free_ports(1)
    return {
        "DATABASE_URL": f"postgresql://bildwerk:{SECRETS[0]}@127.0.0.1:{closed}/media?password={SECRETS[0]}",
        "OLLAMA_HOST": f"http://{SECRETS[1]}:{SECRETS[2]}@127.0.0.1:{closed}",
        "kafka_security_protocol": "SASL_PLAINTEXT", "kafka_user": "bildwerk", "kafka_password": SECRETS[4],
        "kafka_session_timeout_seconds": 4,
    }  # fmt: skip


def add_password(url: str, password: str) -> str:
    """The URL of a server that lets everybody in, with a password."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password or password}@{place}"))


async def plant(world: World) -> Planted:
    """Media with words in their paths, files, fields and tags; good ones, broken ones, and some that lead nowhere."""
    (world.root / "canaryfolder").mkdir()
    names = [f"canaryfolder/canaryfile-{number}.jpg" for number in range(6)]
    pictures = [draw(number) for number in range(7)]
    for name, data in zip(names, pictures, strict=False):
        (world.root / name).write_bytes(data)
    (world.root / "canaryfile-broken.jpg").write_bytes(pictures[6][:-300])
    embed(world.root / names[5], "a canaryembedded prompt in the file, oil painting")
    nowhere = (
        "canaryfile-broken.jpg", "canaryfile-missing.jpg", "../canaryfile.jpg", "canaryfolder",
        f"http://127.0.0.1:9/canaryfile.jpg?token={LINK}", f"https://someone:{LINK}@example.org/canaryfile.jpg",
        f"ftp://someone:{LINK}@example.org/canaryfile.jpg",
    )  # fmt: skip
    settling = await world.add_paths([*names, *nowhere])
    waiting = await world.add_paths(["s3://shelf/canaryfolder/canaryfile.jpg"])
    for media_id in (*settling, *waiting):
        await world.put(media_id, "prompt", f"a canaryprompt of number {media_id}")
        await world.put(media_id, "canaryprompt", {"canaryprompt": ["canaryprompt"]})
    await world.pool.execute(
        "WITH t AS (INSERT INTO public.tags (name) VALUES ($2) RETURNING id)"
        " INSERT INTO public.media_tags (media_id, tag_id) SELECT $1, id FROM t",
        settling[4], "canarytag",
    )  # fmt: skip
    return Planted(tuple(settling), tuple(waiting), tuple(pictures))


async def spoil(world: World, media: Iterable[int]) -> None:
    """Faults of many kinds, so that much is complained about."""
    said = {"text": "canaryanswer", "error": "canaryanswer: no such thing"}
    for fault, media_id in zip(("broken_json", "refusal", "status", "reset", "prose", "say"), media, strict=False):
        for job in (CAPTION, TITLE):
            await world.spoil(fault, match={"media": str(media_id), "job": job}, next=1, **said)


async def send_events(world: World, media: Iterable[int]) -> None:
    """Events that can be used, and such that nobody can."""
    first, *_ = everyone = list(media)
    await world.wire.created(everyone)
    for value in (b"canaryevent is no JSON", b'{"media_id": "canaryevent"}', b'{"canaryevent": 1}', b'["canaryevent"]'):
        await world.wire.send_bytes(Topic.MEDIA_CREATED, value)
    await world.wire.updated(first, force=True, job_types=["canaryevent_job"])
    await world.wire.updated(first, reason="canaryevent", priority="canaryevent")


async def list_cells(world: World) -> Mapping[str, str]:
    """All that our schema holds, as text, by `table.column`."""
    columns = await world.pool.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'bildwerk'"
    )
    cells = {}
    for table, column in columns:
        found = await world.pool.fetchval(
            f"SELECT string_agg(t.{column}::text, E'\\n') FROM bildwerk.{table} AS t"  # noqa: S608 - names of our own schema
        )
        cells[f"{table}.{column}"] = str(found or "")
    return cells


def show_record(record: Any) -> str:
    """All of a message as text."""
    headers = " ".join(f"{name}={value!r}" for name, value in record.headers)
    return f"{record.key!r} {record.value!r} {headers}"
