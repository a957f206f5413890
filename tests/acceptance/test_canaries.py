"""R4: whatever happens, nothing that is made to be read holds pictures, paths, prompts, answers or secrets.

One instance that says everything (`debug`) does all of it; then one at each other level shares the work once more.
"""

import asyncio
import base64

import httpx
import pytest

from bildwerk.sandbox.process import find_free_ports
from contracts.topics import Topic
from handlers.registry import load_stages
from tests.acceptance.canaries import (
    CONTENT,
    INSTRUCTIONS,
    LINK,
    SECRETS,
    Planted,
    list_cells,
    list_failing_settings,
    list_settings,
    plant,
    send_events,
    show_record,
    spoil,
)
from tests.acceptance.commands import run
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.polling import until
from tests.acceptance.wire import body
from tests.acceptance.world import CAPTION, TITLE, World
from tests.object_store import ObjectStore

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEVELS = {"info": "console", "warning": "json", "error": "console"}
ALL = tuple(stage.job_type for stage in load_stages())
QUOTING = {
    "media.path", "media.missing_event", "tag_links.name", "jobs.last_error", "runs.detail", "runs.raw_answer",
    "written.value", "pictures.embedded", "dead_letters.key", "dead_letters.value", "dead_letters.body",
    "dead_letters.detail",
}  # fmt: skip
"""Columns of our schema that hold what somebody said, and are meant to (docs/threat-model.md)."""


async def test_nothing_that_is_read_holds_what_must_not_be_told(make: MakeWorld) -> None:
    world = await make(*QUICK)
    planted = await plant(world)
    port, store_port, *ports = find_free_ports(2 + len(LEVELS))
    settings = list_settings(world, f"http://127.0.0.1:{store_port}")
    store = ObjectStore({"shelf/there.jpg": b"."})
    server = await asyncio.start_server(store.serve, "127.0.0.1", store_port)
    world.exits.callback(server.close)
    shared = {**settings, "job_types": ",".join(ALL), "decoder_processes": 1}
    await world.serve(**shared, web_port=port)
    await read_page(port, "/metrics")
    store.faults["*"] = {"status": 503}
    await spoil(world, planted.settling)
    await send_events(world, (*planted.settling, *planted.waiting))
    await world.settled(planted.settling, 120.0, jobs=len(ALL))
    for name in ("job.ended", "intake.dead_letter", "picture.inspected"):
        assert world.services[0].events(name), "there was something to tell"

    store.faults.clear()
    for (level, form), other in zip(LEVELS.items(), ports, strict=True):
        await world.serve(**shared, log_level=level, log_format=form, web_port=other)
    for other in ports:
        await read_page(other, "/healthz")
    store.faults["*"] = {"status": 503}
    await break_connections(world)
    await spoil(world, planted.settling)
    await send_events(world, planted.settling)
    for media_id in planted.settling:
        await world.wire.updated(media_id, force=True, job_types=[CAPTION, TITLE])
    await world.wire.taken_in(Topic.MEDIA_UPDATED, 90.0)
    await world.settled(planted.settling, 120.0, jobs=len(ALL))

    pages = {path: await read_page(port, path) for path in ("/healthz", "/readyz", "/metrics", "/canaryfolder")}
    told = await ask_everything(world, settings)
    for service in world.services:
        assert await service.stop() == 0
    logs = {log.name: log.read_text(errors="replace") for log in world.folder.glob("*.log")}
    sent = [show_record(record) for record in await world.wire.read(Topic.STAGE_COMPLETED)]
    for place, text in {**pages, **told, **logs, "stage.completed": "\n".join(sent)}.items():
        assert text or place in logs, f"{place} says nothing"
        assert find(text, [*SECRETS, *CONTENT, *planted.pieces(), INSTRUCTIONS]) == [], place
        assert place in told or str(world.root) not in text, place
    _, explained = await run(world, "explain", planted.settling[0], **settings)
    assert find(explained, [*SECRETS, *planted.pieces()]) == []
    assert "canaryfolder" in explained, "its owner is told what it is about"
    await check_database(world, planted)


async def check_database(world: World, planted: Planted) -> None:
    """No secret of ours and no picture anywhere; what people said only where it is meant to be."""
    cells = await list_cells(world)
    records = await world.wire.read(Topic.DEAD_LETTER)
    letters = "\n".join(map(show_record, records))
    kept = b"".join(base64.b64decode(body(record)["value"]) for record in records)
    ours = [secret for secret in SECRETS if secret != LINK]
    for place, text in {**cells, "the dead-letter topic": letters}.items():
        assert find(text, [*ours, *planted.pieces()]) == [], place
    assert {place for place, text in cells.items() if find(text, [*CONTENT, LINK])} <= QUOTING
    assert find(cells["runs.raw_answer"] + cells["jobs.last_error"], CONTENT), "there was something to quote"
    assert b"canaryevent" in kept, "a dead letter says what was in it"


def find(text: str, words: list[str] | tuple[str, ...]) -> list[str]:
    """The words that are there."""
    return [word for word in words if word.casefold() in text.casefold()]


async def break_connections(world: World) -> None:
    """Cut every connection to the database: much is said about it."""
    await world.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def read_page(port: int, path: str) -> str:
    """What a monitor sees, as soon as there is somebody."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:

        async def ask() -> str:
            try:
                return (await client.get(path)).text
            except httpx.HTTPError:
                return ""

        return await until(ask, 90.0)


async def ask_everything(world: World, settings: dict[str, object]) -> dict[str, str]:
    """What commands say, where all is well but the bucket, where nothing answers, and where no setting is right."""
    wrong: dict[str, object] = {
        "DATABASE_URL": f"mysql://u:{SECRETS[0]}@h/d", "OLLAMA_HOST": f"http://u:{SECRETS[2]}@[",
        "s3_endpoint": f"https://u:{SECRETS[6]}@h", "kafka_password": SECRETS[4], "ollama_api_key": SECRETS[3],
        "pool_size": SECRETS[5],
    }  # fmt: skip
    failing = list_failing_settings()
    asked: dict[str, tuple[str, int, dict[str, object]]] = {
        "config": ("config", 0, {**failing, **settings}), "status": ("status", 0, settings),
        "doctor": ("doctor", 1, settings),
        "doctor, nothing there": ("doctor", 1, failing), "serve, no setting right": ("serve", 1, wrong),
    }  # fmt: skip
    answers = await asyncio.gather(*(run(world, command, **given) for command, _, given in asked.values()))
    for (status, said), (command, expected, _) in zip(answers, asked.values(), strict=True):
        assert status == expected, f"{command}: {said}"
    return {name: said for name, (_, said) in zip(asked, answers, strict=True)}
