"""The dispatcher: heartbeats, lost leases, a database that is away, draining."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import monotonic
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from PIL import Image

from consumers.failure_stop import FailureStop
from consumers.store import Store
from consumers.turns import is_turn_of_oldest
from consumers.worker import Dispatcher
from consumers.worker_settings import WorkerSettings
from db import leases
from db.pool import Connection, Database
from handlers.inference.health import Breaker
from handlers.runner.work import Work
from tests.tcp_proxy import TcpProxy
from tests.workshop import Workshop

CAPTION, TITLE = "ollama_caption", "ollama_title"


@pytest.fixture
def dispatcher(workshop: Workshop, database: str) -> Dispatcher:
    """Return a dispatcher whose leases outlast what a busy machine does to them."""
    settings = WorkerSettings(lease=60.0, poll=0.1, grace=10.0)
    return Dispatcher(workshop.ledger.pool, Database(database), workshop.runner, workshop.fleet.available, settings)


async def reach(condition: Callable[[], Awaitable[object]], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def run_through(dispatcher: Dispatcher, workshop: Workshop) -> None:
    """Run until nothing is open, then stop."""
    await workshop.register()
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))

    async def settled() -> bool:
        open_jobs = "SELECT count(*) FROM bildwerk.jobs WHERE status IN ('waiting', 'due')"
        return bool(await workshop.shown()) and await workshop.ledger.pool.fetchval(open_jobs) == 0

    try:
        await reach(settled)
    finally:
        stop.set()
        await asyncio.wait_for(running, 60)


async def test_due_work_is_claimed_run_and_given_back(workshop: Workshop, dispatcher: Dispatcher) -> None:
    await workshop.inspector.inspect_batch()
    await run_through(dispatcher, workshop)

    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("done", "")}
    assert await workshop.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.slots WHERE owner IS NOT NULL") == 0


async def test_one_claim_in_eight_is_for_whoever_has_waited_longest(dispatcher: Dispatcher) -> None:
    turns = []
    for dispatcher.claims in range(17):
        turns.append(is_turn_of_oldest(dispatcher.claims))
    assert [at for at, turn in enumerate(turns) if turn] == [7, 15]


async def test_the_time_of_a_slot_is_told(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """What went into calls, and what did not; the first medium was not missed by anybody."""
    ended: list[Work] = []
    dispatcher.finished = ended.append
    await workshop.inspector.inspect_batch()
    await run_through(dispatcher, workshop)

    (work,) = ended
    seconds = sum(call["end"] - call["start"] for call in await workshop.calls())
    assert seconds <= work.called + 0.01
    assert work.called <= monotonic() - work.claimed
    assert work.idle == 0


async def test_a_slot_for_which_there_was_nothing_is_not_idle(workshop: Workshop, dispatcher: Dispatcher) -> None:
    ended: list[Work] = []
    dispatcher.finished = ended.append
    dispatcher.idleness.free(monotonic() - 60)
    running = asyncio.create_task(run_through(dispatcher, workshop))
    await asyncio.sleep(0.5)
    await workshop.inspector.inspect_batch()
    await running

    (work,) = ended
    assert work.idle < 30


async def test_a_slot_for_which_nothing_is_claimed_on_purpose_is_idle(
    workshop: Workshop, dispatcher: Dispatcher
) -> None:
    """That there was nothing to do is known only from a claim, and none is made while too much fails."""
    ended: list[Work] = []
    dispatcher.finished = ended.append
    dispatcher.failures = FailureStop(limit=1, pause=0.5)
    await workshop.inspector.inspect_batch()
    dispatcher.idleness.free(monotonic())
    dispatcher.failures.record(failed=True, now=monotonic())
    await run_through(dispatcher, workshop)

    (work,) = ended
    assert work.idle >= 0.5


async def test_a_call_longer_than_the_lease_keeps_it(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """Heartbeats prolong; nobody else takes the medium over, and one call is enough."""
    dispatcher.settings = replace(dispatcher.settings, lease=9.0)
    await workshop.inspector.inspect_batch()
    await workshop.fail("delay", seconds=12.0, next=1)
    await run_through(dispatcher, workshop)

    assert [call["job"] for call in await workshop.calls()] == [CAPTION, TITLE]
    assert await workshop.ledger.pool.fetchval("SELECT count(DISTINCT lease_no) FROM bildwerk.runs") == 1


async def test_a_lease_that_somebody_took_ends_the_call(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """I8: what the heartbeat does not return is lost; the answer of the former owner would be fenced anyway."""
    dispatcher.settings = replace(dispatcher.settings, lease=6.0)
    await workshop.inspector.inspect_batch()
    await workshop.register()
    await workshop.fail("hang", next=1)
    ended: list[Work] = []
    dispatcher.finished = ended.append
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    await reach(lambda: workshop.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.runs"))
    await workshop.ledger.pool.execute(
        "UPDATE bildwerk.media SET lease_no = lease_no + 1, until = now() + interval '1 h'"
    )

    async def given_up() -> bool:
        return bool(ended)

    await reach(given_up)
    stop.set()
    await asyncio.wait_for(running, 60)
    assert ended[0].lost
    assert await workshop.ledger.meta(1) == {}


async def test_a_claim_whose_answer_comes_late_asks_nothing(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """I8: its lease was counted from its start, and may be somebody else's by now."""
    dispatcher.settings = replace(dispatcher.settings, lease=3.0)
    await workshop.inspector.inspect_batch()
    await workshop.register()
    ended: list[Work] = []
    dispatcher.finished = ended.append
    stop = asyncio.Event()
    async with workshop.ledger.pool.acquire() as other, other.transaction():
        await other.execute("LOCK TABLE bildwerk.media IN ACCESS EXCLUSIVE MODE")
        running = asyncio.create_task(dispatcher.run(stop))
        await workshop.ledger.blocked()
        await asyncio.sleep(dispatcher.settings.trust + 0.1)

    async def two_ended() -> bool:
        return len(ended) >= 2

    await reach(two_ended)
    stop.set()
    await asyncio.wait_for(running, 60)
    assert ended[0].lost
    assert (ended[0].calls, ended[0].called) == (0, 0.0)


async def test_a_heart_that_cannot_beat_stops_its_calls(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """P25 and the trust window: with the database unreachable for longer than the lease, nothing is asked any more."""
    dispatcher.settings = replace(dispatcher.settings, lease=6.0)
    await workshop.inspector.inspect_batch()
    await workshop.register()
    await workshop.fail("hang", next=1)
    dispatcher.database = Database("postgresql://nobody@127.0.0.1:1/nothing", connect_timeout=0.2)
    dispatcher.beaten = monotonic()
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    await reach(lambda: workshop.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.runs"))

    async def lost() -> bool:
        return not dispatcher.works

    await reach(lost)
    assert monotonic() - dispatcher.beaten > dispatcher.settings.lease - dispatcher.settings.margin
    stop.set()
    await asyncio.wait_for(running, 60)


async def test_a_beat_that_was_cut_off_is_made_up_for_before_its_lease_is_given_up(
    workshop: Workshop, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that stood still for one beat costs no call: the next one comes a second later, not half a beat."""
    dispatcher.settings = replace(dispatcher.settings, lease=24.0)
    await workshop.inspector.inspect_batch()
    await workshop.register()
    await workshop.fail("hang", next=1)
    beat, beats = leases.beat, list[float]()

    async def beat_late_once(connection: Connection, *given: Any) -> Any:
        beats.append(monotonic())
        if len(beats) == 2:
            await connection.execute("SELECT pg_sleep(60)")
        return await beat(connection, *given)

    monkeypatch.setattr(leases, "beat", beat_late_once)
    ended: list[Work] = []
    dispatcher.finished = ended.append
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))

    async def beaten_again() -> bool:
        return len(beats) > 2

    await reach(beaten_again)
    await workshop.heal()
    stop.set()
    await asyncio.wait_for(running, 60)
    assert [work.lost for work in ended] == [False]
    assert beats[2] - beats[1] < dispatcher.settings.heartbeat + 3.0


async def test_a_machine_that_slept_takes_none_of_its_own_leases_over(
    workshop: Workshop, dispatcher: Dispatcher
) -> None:
    """PostgreSQL's clock goes on, or jumps: the call under way is one of ours, and is to end as if nothing had been."""
    dispatcher.settings = replace(dispatcher.settings, lease=9.0)
    await workshop.inspector.inspect_batch()
    await workshop.register()
    await workshop.fail("hang", next=1)
    slept = 0.0
    dispatcher.wall = lambda: monotonic() + slept
    ended: list[Work] = []
    dispatcher.finished = ended.append
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    await reach(workshop.is_asked)

    async def not_trusted() -> bool:
        return not dispatcher.is_trusted(monotonic())

    async with workshop.ledger.pool.acquire() as other, other.transaction():
        for table in ("media", "slots"):
            expired = f"UPDATE bildwerk.{table} SET until = now() - interval '1 s' WHERE owner IS NOT NULL"  # noqa: S608
            await other.execute(expired)
        slept = 3600.0
        await reach(not_trusted)  # no claim is on its way any more: one that was sent before a sleep knows of none
    prolonged = "SELECT count(*) FROM bildwerk.media WHERE until > now()"
    await reach(lambda: workshop.ledger.pool.fetchval(prolonged))
    await workshop.heal()

    async def all_done() -> bool:
        return await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("done", "")}

    await reach(all_done)
    stop.set()
    await asyncio.wait_for(running, 60)
    assert [(work.lost, work.claim.medium.lease_no) for work in ended] == [(False, 1)]
    assert [call["job"] for call in await workshop.calls()] == [CAPTION, TITLE]


async def test_a_heart_that_beats_into_nothing_stops_its_calls_too(workshop: Workshop, database: str) -> None:
    """F6: nothing is refused, no answer comes. A statement's own time-out is far longer than the lease."""
    parts = urlsplit(database)
    async with TcpProxy((parts.hostname or "", parts.port or 0)) as proxy:
        await workshop.inspector.inspect_batch()
        await workshop.register()
        await workshop.fail("hang", next=1)
        where = urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@{proxy.address}"))
        settings = WorkerSettings(lease=4.0, poll=0.1, grace=10.0)
        silent = Database(where, command_timeout=600.0, connect_timeout=600.0)
        pool, hosts = workshop.ledger.pool, workshop.fleet.available
        dispatcher = Dispatcher(pool, silent, workshop.runner, hosts, settings)
        stop = asyncio.Event()
        running = asyncio.create_task(dispatcher.run(stop))
        await reach(lambda: pool.fetchval("SELECT count(*) FROM bildwerk.runs"))
        await proxy.blackhole()

        async def lost() -> bool:
            return not dispatcher.works

        await reach(lost)
        assert not dispatcher.is_trusted(monotonic())
        await proxy.forward()

        async def trusted() -> bool:
            return dispatcher.is_trusted(monotonic())

        await reach(trusted)
        stop.set()
        await asyncio.wait_for(running, 60)


async def test_draining_finishes_the_call_and_takes_nothing_new(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """I15: the answer under way is kept, the next job is left to others, nothing stays leased."""
    await workshop.inspector.inspect_batch()
    await workshop.register()
    await workshop.fail("hang", next=1)
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    await reach(workshop.is_asked)
    stop.set()
    await workshop.heal()
    await asyncio.wait_for(running, 60)

    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("due", "")}
    assert await workshop.ledger.pool.fetchval("SELECT owner FROM bildwerk.media") is None
    assert await workshop.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.slots WHERE owner IS NOT NULL") == 0


async def test_a_call_that_outlasts_the_grace_is_given_up_and_released(
    workshop: Workshop, dispatcher: Dispatcher
) -> None:
    """I15: exit in time; the job stays due, the slot is taken a while longer."""
    await workshop.inspector.inspect_batch()
    await workshop.register()
    await workshop.fail("hang", next=1)
    dispatcher.settings = replace(dispatcher.settings, grace=0.3)
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    await reach(workshop.is_asked)
    stop.set()
    await asyncio.wait_for(running, 60)

    assert (await workshop.shown())[CAPTION] == ("due", "")
    assert await workshop.ledger.pool.fetchval("SELECT owner FROM bildwerk.media") is None
    assert await workshop.ledger.pool.fetchval("SELECT bool_or(busy_until > now()) FROM bildwerk.slots")


async def test_pictures_of_which_one_job_fails_do_not_stop_the_work(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """Design 6: failures in a row stop it; every caption fails here, and every title is good."""
    for name in "bcd":
        Image.new("RGB", (64, 48), (ord(name), 9, 9)).save(workshop.folder / f"{name}.png")
        media_id = await workshop.ledger.pool.fetchval(
            "INSERT INTO media (path) VALUES ($1) RETURNING id", f"{name}.png"
        )
        await workshop.ledger.plan(media_id)
    await workshop.inspector.inspect_batch()
    await workshop.fail("broken_json", match={"job": CAPTION})
    dispatcher.failures = FailureStop(limit=2)
    await run_through(dispatcher, workshop)

    ended = await workshop.ledger.pool.fetch("SELECT job_type, status, count(*) FROM bildwerk.jobs GROUP BY 1, 2")
    assert {tuple(row) for row in ended} == {(CAPTION, "failed", 4), (TITLE, "done", 4)}
    assert dispatcher.failures.streak == 0


async def test_a_bug_outside_of_any_job_is_no_tight_loop(workshop: Workshop, dispatcher: Dispatcher) -> None:
    """What cannot even be loaded is given back after a pause: nothing would stop it from being claimed at once."""
    await workshop.inspector.inspect_batch()
    await workshop.register()
    await workshop.ledger.pool.execute("ALTER TABLE bildwerk.foreign_completions RENAME TO lost")
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    await reach(lambda: workshop.ledger.pool.fetchval("SELECT max(lease_no) > 1 FROM bildwerk.media"))
    await asyncio.sleep(1.0)
    stop.set()
    await asyncio.wait_for(running, 60)

    assert await workshop.ledger.pool.fetchval("SELECT max(lease_no) FROM bildwerk.media") <= 4


async def test_media_of_a_store_that_is_away_cost_nothing_and_do_not_spin(
    workshop: Workshop, dispatcher: Dispatcher
) -> None:
    """Those of another store go on meanwhile; each is claimed once, and left alone as long as the store was away."""
    pool, scans = workshop.ledger.pool, workshop.folder.parent / "scans"
    scans.mkdir()
    for number in range(5):
        Image.new("RGB", (64, 48), (number, 90, 90)).save(scans / f"{number}.png")
        await pool.execute("INSERT INTO media (path) VALUES ($1)", f"scans:{number}.png")
        await workshop.ledger.plan(number + 2)
    while await workshop.inspector.inspect_batch():
        pass
    store = workshop.inspector.pictures
    assert isinstance(store, Store)
    store.breakers["scans"] = Breaker(since=monotonic() - 1000, reason="media_root_unavailable", retry_at=math.inf)
    await workshop.register()
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))

    async def done() -> bool:
        return bool(
            await pool.fetchval("SELECT count(*) = 2 FROM bildwerk.jobs WHERE media_id = 1 AND status = 'done'")
        )

    async def met() -> bool:
        return bool(await pool.fetchval("SELECT min(lease_no) > 0 FROM bildwerk.media"))

    await reach(done)
    await reach(met)
    await asyncio.sleep(1.0)
    stop.set()
    await asyncio.wait_for(running, 60)

    claims = await pool.fetch("SELECT lease_no FROM bildwerk.media WHERE id > 1")
    assert [row["lease_no"] for row in claims] == [1] * 5
    jobs = await pool.fetch("SELECT status, attempt FROM bildwerk.jobs WHERE media_id > 1")
    assert {(row["status"], row["attempt"]) for row in jobs} == {("due", 0), ("waiting", 0)}
