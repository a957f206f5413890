"""A picture that no model answers about, first in line on a host of one slot: others go first, and it ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import pytest_asyncio
from aiolimiter import AsyncLimiter
from PIL import Image

from bildwerk.sandbox.ollama import Simulated
from consumers.manners import Manners
from consumers.worker import Dispatcher
from consumers.worker_settings import WorkerSettings
from db.pool import Database
from handlers.backoff import Backoff
from handlers.inference.health import HostHealth
from handlers.inference.manner import Fusing
from handlers.runner.work import Ended
from tests.ledger import Ledger
from tests.workshop import SPEED, Workshop, open_workshop

CAPTION, TITLE = "ollama_caption", "ollama_title"
CALL_SECONDS = 2.0
BAD, OTHERS = 1, (2, 3)


@pytest_asyncio.fixture
async def slow(
    ledger: Ledger, start_ollama: Callable[..., Awaitable[Simulated]], tmp_path: Path
) -> AsyncIterator[Workshop]:
    """Return a workshop of three pictures: calls about the first one are never answered."""
    async with open_workshop(ledger, await start_ollama(2, *SPEED), tmp_path, CALL_SECONDS) as workshop:
        await workshop.inspector.inspect_batch()  # before the others, for it is to be due before them
        for media_id, colour in zip(OTHERS, ("teal", "navy"), strict=True):
            Image.new("RGB", (64, 48), colour).save(workshop.folder / f"{media_id}.png")
            await ledger.pool.execute("INSERT INTO media (path) VALUES ($1)", f"{media_id}.png")
            await ledger.plan(media_id)
        await workshop.inspector.inspect_batch()
        runner, soon = workshop.runner, Backoff(tries=3, base=2.0, cap=60.0)
        workshop.runner = replace(
            runner, asker=replace(runner.asker, reading_seconds=0.0), finisher=replace(runner.finisher, retry=soon)
        )
        await workshop.fail("hang", match={"media": str(BAD)})
        yield workshop


@asynccontextmanager
async def working(workshop: Workshop, database: str) -> AsyncIterator[None]:
    """A worker with one slot, and a fleet that looks after the host."""

    def one_slot() -> Sequence[tuple[str, int]]:
        return [(host, 1) for host, _ in workshop.fleet.available()]

    settings = WorkerSettings(lease=60.0, poll=0.1, grace=60.0)
    dispatcher = Dispatcher(workshop.ledger.pool, Database(database), workshop.runner, one_slot, settings)
    await workshop.register()
    await workshop.fleet.look()
    stop = asyncio.Event()
    running = asyncio.gather(dispatcher.run(stop), workshop.fleet.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, 90)


async def reach(workshop: Workshop, wanted: dict[int, tuple[str, str]], job_type: str) -> None:
    """Wait until a job of these media has this (status, reason)."""
    async with asyncio.timeout(120):
        while True:
            rows = await _list(workshop, job_type)
            if {media_id: (row["status"], row["reason"]) for media_id, row in rows.items()}.items() >= wanted.items():
                return
            await asyncio.sleep(0.05)


async def _list(workshop: Workshop, job_type: str) -> dict[int, Any]:
    rows = await workshop.ledger.pool.fetch("SELECT * FROM bildwerk.jobs WHERE job_type = $1", job_type)
    return {row["media_id"]: row for row in rows}


@pytest.mark.parametrize("fusing", [Fusing.NEVER, Fusing.ALWAYS])
async def test_others_go_first_and_the_tries_are_charged(slow: Workshop, database: str, fusing: Fusing) -> None:
    """I11, I12: its first time-out may be the host's; once others were answered the next ones are its own."""
    slow.fleet.manners = Manners(slow.ledger.pool, slow.fleet.ollama, fusing)
    async with working(slow, database):
        await reach(slow, dict.fromkeys(OTHERS, ("done", "")), TITLE)
        await reach(slow, {BAD: ("failed", "timeout")}, CAPTION)

    calls = [int(call["media"]) for call in await slow.calls()]
    assert calls[0] == BAD
    assert calls[1] in OTHERS
    runs = "SELECT outcome FROM bildwerk.runs WHERE media_id = $1 AND job_type = $2 ORDER BY id"
    first, *outcomes = [run["outcome"] for run in await slow.ledger.pool.fetch(runs, BAD, CAPTION)]
    assert first == "unavailable"
    assert outcomes[-3:] == ["retry", "retry", "failed"]
    assert set(outcomes[:-3]) <= {"unavailable"}, "of others, whose calls may be late on a busy machine"


@pytest.mark.parametrize("status", [403, 502, 504])
async def test_others_go_first_where_a_picture_makes_the_host_seem_away(
    slow: Workshop, database: str, status: int
) -> None:
    """I11, I12: a proxy refuses it, or gives it up. Tried in vain, it is not what the host is tried with next."""
    await slow.heal()
    await slow.fail("status", status=status, match={"media": str(BAD)})
    async with working(slow, database):
        await reach(slow, dict.fromkeys(OTHERS, ("done", "")), TITLE)
        if status == 504:
            await reach(slow, {BAD: ("failed", "timeout")}, CAPTION)

    assert int((await slow.calls())[0]["media"]) == BAD


async def test_its_slot_is_open_to_others_before_it_is_in_line_again(slow: Workshop) -> None:
    """22: nothing of its verdict is changed. With a higher priority it would be next, wherever in line it stands."""
    slow.runner = replace(slow.runner, asker=replace(slow.runner.asker, reading_seconds=30.0))
    work = await slow.claim()
    assert await slow.runner.run(work) is Ended.UNAVAILABLE

    verdict = await slow.ledger.verdict(BAD, CAPTION)
    assert (verdict["status"], verdict["attempt"], verdict["run_at"]) == ("due", 0, None)
    free = "SELECT max(busy_until) FROM bildwerk.slots"
    later = f"SELECT run_at > ({free}) FROM bildwerk.media WHERE id = $1"  # noqa: S608
    assert await slow.ledger.pool.fetchval(later, BAD)


async def test_who_stops_waits_for_nobodys_turn(slow: Workshop, database: str) -> None:
    """With a limit to calls a minute it may be minutes away."""
    (host,) = slow.fleet.ollama.hosts
    slow.fleet.ollama._limiters[host.name] = limiter = AsyncLimiter(1, 3600.0)
    await limiter.acquire()
    async with working(slow, database):
        while not await slow.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.runs"):
            await asyncio.sleep(0.05)
        began = monotonic()
    assert monotonic() - began < 30, "half the grace"
    assert await slow.calls() == []
    assert await slow.ledger.pool.fetch("SELECT DISTINCT reason FROM bildwerk.runs") == [("stopping",)]


async def test_nothing_is_asked_in_a_slot_at_which_the_server_is_still_reading(slow: Workshop) -> None:
    """Its last try is over: what else is due of it waits until that call cannot go on any more."""
    await slow.ledger.pool.execute(
        "UPDATE bildwerk.jobs SET attempt = 2 WHERE media_id = $1 AND job_type = $2", BAD, CAPTION
    )
    slow.runner = replace(slow.runner, asker=replace(slow.runner.asker, reading_seconds=30.0))
    works = [await slow.claim(), await slow.claim()]
    assert {work.claim.medium.media_id for work in works} == {BAD, OTHERS[0]}
    await asyncio.gather(*map(slow.runner.run, works))

    assert [call["media"] for call in await slow.calls()].count(str(BAD)) == 1
    assert (await slow.ledger.verdict(BAD, CAPTION))["status"] == "failed"
    assert (await slow.ledger.verdict(BAD, TITLE))["status"] == "due"
    busy = "SELECT max(busy_until) FROM bildwerk.slots"
    later = f"SELECT run_at > ({busy}) FROM bildwerk.media WHERE id = $1"  # noqa: S608
    assert await slow.ledger.pool.fetchval(later, BAD)


async def test_a_next_try_that_is_further_off_is_waited_for(slow: Workshop) -> None:
    """Else it would be claimed again and again although nothing is due."""
    finisher = replace(slow.runner.finisher, retry=Backoff(tries=3, base=3600.0, cap=3600.0))
    runner = replace(slow.runner, finisher=finisher)
    await runner.run(await slow.claim())
    slow.fleet.health = HostHealth(slow.fleet.ollama.hosts)
    slow.fleet.ollama.options = replace(slow.fleet.ollama.options, total_timeout=60.0)
    await runner.run(await slow.claim())
    slow.fleet.ollama.options = replace(slow.fleet.ollama.options, total_timeout=CALL_SECONDS)
    await slow.ledger.pool.execute("UPDATE bildwerk.media SET run_at = '2000-01-01' WHERE id = $1", BAD)
    await runner.run(await slow.claim())

    verdict = await slow.ledger.verdict(BAD, CAPTION)
    assert (verdict["status"], verdict["attempt"]) == ("due", 1)
    assert await slow.ledger.pool.fetchval("SELECT run_at FROM bildwerk.media WHERE id = $1", BAD) == verdict["run_at"]
