"""R4: whatever happens, no log of any process holds pictures, paths, prompts, answers or secrets."""

import base64
from urllib.parse import urlsplit, urlunsplit

import pytest

from contracts.topics import Topic
from handlers.registry import load_stages
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.injections import embed
from tests.acceptance.pictures import draw
from tests.acceptance.world import CAPTION, MODEL, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

CANARY = "canary"
ALL = tuple(stage.job_type for stage in load_stages())


async def test_no_log_holds_what_must_not_be_logged(make: MakeWorld) -> None:
    world = await make(*QUICK)
    (world.root / f"{CANARY}-folder").mkdir()
    good = [f"{CANARY}-folder/{CANARY}-{number}.jpg" for number in range(6)]
    for number, path in enumerate(good):
        (world.root / path).write_bytes(draw(number))
    (world.root / f"{CANARY}-broken.jpg").write_bytes(draw(6)[:-300])
    embed(world.root / good[5], f"a {CANARY} prompt in the file, oil painting")
    media = await world.add_paths([*good, f"{CANARY}-broken.jpg", f"{CANARY}-missing.jpg", f"../{CANARY}.jpg"])
    for media_id in media:
        await world.put(media_id, "prompt", f"a {CANARY} prompt")
    await world.pool.execute(
        "WITH t AS (INSERT INTO public.tags (name) VALUES ($2) RETURNING id)"
        " INSERT INTO public.media_tags (media_id, tag_id) SELECT $1, id FROM t",
        media[4], f"{CANARY} tag",
    )  # fmt: skip
    await _spoil_everything(world, media)
    service = await world.serve(
        DATABASE_URL=_with_password(world.database), retry_base_seconds=0.1, job_types=",".join(ALL),
        OLLAMA_HOST=world.ollama.url.replace("//", f"//{CANARY}user:{CANARY}password@") + "=4",
    )  # fmt: skip

    await world.wire.created(media)
    await world.wire.send_bytes(Topic.MEDIA_CREATED, f"{CANARY} is no JSON".encode())
    await world.wire.updated(media[0], force=True, job_types=[f"{CANARY}_job"])
    await world.settled(media, jobs=len(ALL))
    await world.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await world.wire.updated(media[1], force=True)
    await world.wire.taken_in(Topic.MEDIA_UPDATED)
    await world.settled(media, jobs=len(ALL))
    assert await service.stop() == 0

    rows = await world.pool.fetch(
        "SELECT value #>> '{}' AS text FROM media_meta"
        " UNION SELECT prompt FROM prompt_history"
        " UNION SELECT raw_answer FROM bildwerk.runs WHERE raw_answer IS NOT NULL"
    )
    texts = [row["text"] for row in rows]
    assert f"a {CANARY} prompt in the file, oil painting" in texts
    pictures = [base64.b64encode(draw(number)).decode()[:40] for number in range(7)]
    for log in world.folder.glob("*.log"):
        said = log.read_text()
        assert CANARY not in said, log.name
        assert str(world.root) not in said, log.name
        for secret in (*texts, *pictures, "/9j/4AAQ", "State what is clearly visible"):
            assert secret == MODEL or secret not in said, log.name
    for name in ("job.ended", "intake.dead_letter", "picture.inspected"):
        assert service.events(name), "there was something to tell"


async def _spoil_everything(world: World, media: list[int]) -> None:
    """Faults of many kinds, so that much is complained about."""
    for fault, media_id in zip(("broken_json", "refusal", "status", "reset", "prose"), media, strict=False):
        await world.spoil(fault, match={"media": str(media_id), "job": CAPTION}, next=1)
        await world.spoil(fault, match={"media": str(media_id), "job": TITLE}, next=1, error=f"{CANARY} error")


def _with_password(url: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password or CANARY}@{place}"))
