"""A slot is held for calls: it is given back before a run waits for anything else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from PIL import Image
from structlog.testing import capture_logs

from consumers.worker import WAITING_PER_SLOT, Dispatcher
from consumers.worker_settings import WorkerSettings
from db.leases import Claim, MediumLease, SlotLease
from db.pool import Database, connect
from handlers.runner import medium
from handlers.runner.work import Ended, Work
from tests.workshop import Workshop

CAPTION, TITLE = "ollama_caption", "ollama_title"
HELD = "SELECT count(*) FROM bildwerk.slots WHERE owner IS NOT NULL"


@pytest.fixture
def lock_timeout() -> float:
    """Return the seconds after which who waits for a lock gives up, as in a service."""
    return Database("").lock_timeout


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(90):
        while not await condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def held_values(database: str) -> AsyncIterator[None]:
    """What a platform does that moves its tables: nobody writes a value until it commits."""
    platform = await connect(Database(database, idle_in_transaction_timeout=600.0))
    try:
        async with platform.transaction():
            await platform.execute("LOCK TABLE media_meta IN SHARE ROW EXCLUSIVE MODE")
            yield
    finally:
        await platform.close()


async def test_an_answer_that_waits_for_a_platforms_lock_holds_no_slot(workshop: Workshop, database: str) -> None:
    """The lease stays: the answer is written when that is possible, and nothing more is asked without a slot."""
    pool, work = workshop.ledger.pool, await workshop.claim()
    freed: list[int] = []
    work.freed = lambda: freed.append(1)
    async with held_values(database):
        running = asyncio.create_task(workshop.runner.run(work))

        async def free() -> bool:
            return bool(await pool.fetchval(HELD) == 0)

        await until(free)
        assert await pool.fetchval("SELECT owner IS NOT NULL FROM bildwerk.media")
        assert (await workshop.shown())[CAPTION] == ("due", "")
    assert await asyncio.wait_for(running, 90) is Ended.FINISHED
    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("due", "")}
    assert [call["job"] for call in await workshop.calls()] == [CAPTION]
    assert freed == [1]
    assert await pool.fetchval("SELECT owner IS NULL FROM bildwerk.media")


async def test_others_are_asked_about_while_an_answer_waits(workshop: Workshop, database: str) -> None:
    """One slot, two media: while the first answer waits for the platform, the second picture is asked about."""
    pool = workshop.ledger.pool
    Image.new("RGB", (64, 48), "teal").save(workshop.folder / "b.png")
    await pool.execute("INSERT INTO media (path) VALUES ('b.png')")
    await workshop.ledger.plan(2)
    await workshop.inspector.inspect_batch()
    ((host, _),) = await workshop.register()
    settings, stop = WorkerSettings(lease=60.0, poll=0.1, grace=60.0), asyncio.Event()
    dispatcher = Dispatcher(pool, Database(database), workshop.runner, lambda: [(host, 1)], settings)

    async def asked() -> bool:
        return {call["media"] for call in await workshop.calls()} == {"1", "2"}

    async with held_values(database):
        running = asyncio.create_task(dispatcher.run(stop))
        try:
            await until(asked)
        finally:
            stop.set()
    await asyncio.wait_for(running, 90)
    done = "SELECT media_id FROM bildwerk.jobs WHERE job_type = $1 AND status = 'done' ORDER BY 1"
    assert [row[0] for row in await pool.fetch(done, CAPTION)] == [1, 2]


async def test_time_without_a_slot_is_no_time_of_a_slot(workshop: Workshop, database: str) -> None:
    """`between_ms` ends when the slot is given back, not when the answer is written at last."""
    await workshop.inspector.inspect_batch()
    hosts = await workshop.register()
    settings, stop = WorkerSettings(lease=60.0, poll=0.1, grace=60.0), asyncio.Event()
    dispatcher = Dispatcher(workshop.ledger.pool, Database(database), workshop.runner, lambda: hosts, settings)
    waiting: list[tuple[Work, float]] = []

    async def free() -> bool:
        waiting.extend((work, monotonic()) for work in dispatcher.works.values() if not work.slots)
        return bool(waiting)

    with capture_logs() as logs:
        async with held_values(database):
            running = asyncio.create_task(dispatcher.run(stop))
            try:
                await until(free)
            finally:
                stop.set()
        await asyncio.wait_for(running, 90)
    (ended,) = [entry for entry in logs if entry["event"] == "medium.ended"]
    (work, seen), *_ = waiting
    assert ended["answered"] == 1
    assert ended["between_ms"] <= round((seen - work.claimed - work.called) * 1000)


async def test_the_pause_after_a_mistake_of_ours_holds_no_slot(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The medium is held so that it is not claimed in a tight loop; its host has nothing to do with that."""
    monkeypatch.setattr(medium, "INTERRUPTED_PAUSE", 3600.0)
    work = await workshop.claim()
    pool = workshop.ledger.pool
    await pool.execute("ALTER TABLE bildwerk.foreign_completions RENAME TO lost")
    running = asyncio.create_task(workshop.runner.run(work))

    async def free() -> bool:
        return bool(await pool.fetchval(HELD) == 0)

    await until(free)
    assert await pool.fetchval("SELECT owner IS NOT NULL FROM bildwerk.media")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await pool.fetchval("SELECT owner IS NULL FROM bildwerk.media")


async def test_a_heartbeat_misses_no_slot_that_was_given_back(workshop: Workshop, database: str) -> None:
    """A medium whose slot is somebody else's by now is still ours."""
    work = await workshop.claim()
    pool = workshop.ledger.pool
    dispatcher = Dispatcher(pool, Database(database), workshop.runner, workshop.fleet.available)
    dispatcher.works[asyncio.create_task(workshop.runner.run(work))] = work
    async with pool.acquire() as connection:
        await connection.execute("UPDATE bildwerk.slots SET lease_no = lease_no + 1")
        work.leave_slots()
        await dispatcher._beat_once(connection)
    assert not work.lost
    await asyncio.gather(*dispatcher.works)


async def test_no_more_is_asked_while_too_many_answers_wait(workshop: Workshop, database: str) -> None:
    """A platform that holds its tables for an hour must not fill our memory with answers."""
    await workshop.inspector.inspect_batch()
    hosts = await workshop.register()
    dispatcher = Dispatcher(workshop.ledger.pool, Database(database), workshop.runner, lambda: hosts)

    async def end() -> Ended:
        return Ended.FINISHED

    slots = sum(number for _, number in hosts)
    for number in range(WAITING_PER_SLOT * slots):
        work = Work(Claim(MediumLease(number + 10, 1, 0), SlotLease("host", number, 1)))
        work.leave_slots()
        dispatcher.works[asyncio.create_task(end())] = work
    assert await dispatcher._claim() is None
    dispatcher.works.popitem()
    assert await dispatcher._claim() is not None
