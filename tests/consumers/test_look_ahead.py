"""Pictures that are ready before their media are claimed, on a real PostgreSQL, with a simulated Ollama that hangs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from consumers.look_ahead import LookAhead
from consumers.worker import Dispatcher
from consumers.worker_settings import WorkerSettings
from db.leases import Claim, MediumLease, SlotLease
from db.pool import Database
from handlers.runner.work import Ended, Work
from tests.workshop import Workshop


@pytest.fixture
def dispatcher(workshop: Workshop, database: str) -> Dispatcher:
    """Return a dispatcher that looks ahead, and gives calls up at once when it stops."""
    pool, store = workshop.ledger.pool, workshop.runner.asker.pictures
    settings = WorkerSettings(lease=60.0, poll=0.1, grace=0.2)
    ahead = LookAhead(pool, store, workshop.ledger.planner.chain)
    return Dispatcher(pool, Database(database), workshop.runner, workshop.fleet.available, settings, ahead)


async def add(workshop: Workshop, *names: str) -> None:
    """Put pictures into the platform, have them inspected, and empty the cache."""
    for name in names:
        Image.new("RGB", (64, 48), (ord(name), 9, 9)).save(workshop.folder / f"{name}.png")
        media_id = await workshop.ledger.pool.fetchval(
            "INSERT INTO media (path) VALUES ($1) RETURNING id", f"{name}.png"
        )
        await workshop.ledger.plan(media_id)
    while await workshop.inspector.inspect_batch():
        pass
    for path in (workshop.folder.parent / "cache").rglob("*.jpg"):
        path.unlink()


async def list_ready(workshop: Workshop) -> set[int]:
    """The media whose renditions lie in the cache."""
    made = {path.stem for path in (workshop.folder.parent / "cache").rglob("*.jpg")}
    rows = await workshop.ledger.pool.fetch("SELECT id, content_hash FROM bildwerk.media")
    return {row["id"] for row in rows if row["content_hash"] in made}


async def list_unclaimed(workshop: Workshop) -> set[int]:
    """The media that were never leased."""
    return {row["id"] for row in await workshop.ledger.pool.fetch("SELECT id FROM bildwerk.media WHERE lease_no = 0")}


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(90):
        while not await condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def at_work(dispatcher: Dispatcher, workshop: Workshop) -> AsyncIterator[None]:
    """While both slots are at calls that never end."""
    await workshop.register()
    await workshop.fail("hang")
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))

    async def asked() -> bool:
        return len(await workshop.calls()) == 2

    try:
        await until(asked)
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, 60)


async def test_the_next_pictures_are_ready_before_their_claims(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """As many as there are slots, and those in whose turn it is: another one stays as it was."""
    await add(workshop, *"bcde")
    await workshop.ledger.pool.execute("UPDATE bildwerk.media SET priority = 9 - id")
    async with at_work(dispatcher, workshop):

        async def ready() -> bool:
            return await list_ready(workshop) >= {1, 2, 3, 4} and not (dispatcher.ahead and dispatcher.ahead.is_looking)

        await until(ready)
        await asyncio.sleep(0.5)
        assert await list_unclaimed(workshop) == {3, 4, 5}
        assert await list_ready(workshop) == {1, 2, 3, 4}


async def test_what_cannot_be_made_is_left_to_its_job(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """Other bytes, and a file that is gone: nothing of their media changes, and the picture after them is made."""
    await add(workshop, *"bcdef")
    pool = workshop.ledger.pool
    await pool.execute("UPDATE bildwerk.media SET priority = 9 - id")
    (workshop.folder / "c.png").write_bytes((workshop.folder / "b.png").read_bytes())
    (workshop.folder / "d.png").unlink()

    async def read() -> list[Any]:
        media = await pool.fetch("SELECT * FROM bildwerk.media WHERE id > 2 ORDER BY id")
        return [*media, *await pool.fetch("SELECT * FROM bildwerk.jobs WHERE media_id > 2 ORDER BY media_id, job_type")]

    ahead, dispatcher.ahead = dispatcher.ahead, None
    assert ahead is not None
    before = await read()
    async with at_work(dispatcher, workshop):
        ahead.look(lambda: (3, 0))

        async def idle() -> bool:
            return not ahead.is_looking

        await until(idle)
        assert await list_ready(workshop) == {1, 2, 5}
        assert await read() == before


async def test_a_medium_whose_jobs_send_no_picture_needs_none(workshop: Workshop, dispatcher: Dispatcher) -> None:
    await add(workshop)
    assert dispatcher.ahead is not None
    await workshop.ledger.pool.execute("UPDATE bildwerk.media SET due = '{ollama_policy_flags}'")
    assert await dispatcher.ahead._find(1, 0) is None
    await workshop.ledger.pool.execute("UPDATE bildwerk.media SET due = '{ollama_policy_flags, ollama_caption}'")
    assert await dispatcher.ahead._find(1, 0) is not None


async def test_whose_turn_comes_by_waiting_is_made_ready_too(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """It has the lowest priority, and has waited longest."""
    await add(workshop, *"bcd")
    await workshop.ledger.pool.execute(
        "UPDATE bildwerk.media SET priority = 9 - id, run_at = now() - interval '1 h' * id"
    )
    assert dispatcher.ahead is not None
    await dispatcher.ahead._look(lambda: (1, 1))
    assert await list_ready(workshop) == {1, 4}


@dataclass
class Hanging:
    """A store that never answers."""

    asked: asyncio.Event

    async def rendition(self, reference: str, content_hash: str) -> bytes:
        """Wait for ever."""
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError(reference, content_hash)

    async def hash(self, reference: str) -> str:
        """Never asked."""
        raise AssertionError(reference)


async def test_a_store_that_hangs_delays_no_stop(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """`at_work` waits for the end; what was being made is given up."""
    await add(workshop, *"bcd")
    hanging = Hanging(asyncio.Event())
    ahead = dispatcher.ahead = LookAhead(workshop.ledger.pool, hanging, workshop.ledger.planner.chain)
    async with at_work(dispatcher, workshop):
        await asyncio.wait_for(hanging.asked.wait(), 60)
    assert not ahead.is_looking


async def test_no_more_is_looked_at_than_slots_are_held(dispatcher: Dispatcher) -> None:
    """Nothing without work, without trust or while stopping; a slot that was given back has no successor of ours."""

    async def end() -> Ended:
        return Ended.FINISHED

    assert dispatcher.reach() == (0, 0)
    for number in range(3):
        work = Work(Claim(MediumLease(number, 1, 0), SlotLease("host", number, 1)))
        dispatcher.works[asyncio.create_task(end(), name=str(uuid4()))] = work
    assert dispatcher.reach() == (3, 0)
    dispatcher.claims = 6
    assert dispatcher.reach() == (2, 1)
    work.leave_slots()
    assert dispatcher.reach() == (1, 1)
    dispatcher.beaten = monotonic() - dispatcher.settings.lease
    assert dispatcher.reach() == (0, 0)
    dispatcher.beaten, dispatcher.stopping = monotonic(), True
    assert dispatcher.reach() == (0, 0)
