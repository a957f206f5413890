"""Ollama, Kafka or the media root away: nothing fails, work waits and resumes by itself."""

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bildwerk.sandbox.broker import start_broker
from bildwerk.sandbox.process import Process
from contracts.topics import Topic
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.polling import until
from tests.acceptance.world import CAPTION, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def broker(tmp_path: Path) -> AsyncIterator[tuple[Process, str]]:
    """Return a broker of the test's own, and its address."""
    process, address = await start_broker(tmp_path)
    yield process, address
    os.kill(process.pid, signal.SIGCONT)
    await process.stop()


async def done(world: World, at_least: int) -> None:
    """Wait until so many jobs are done."""

    async def enough() -> bool:
        return (await world.statuses())["done"] >= at_least

    await until(enough)


async def test_ollama_away_fails_nothing(make: MakeWorld) -> None:
    world = await make("--picture-seconds", "0.2")
    media = await world.add(20)
    service = await world.serve()
    await world.wire.created(media)
    await done(world, 4)

    await world.spoil("refuse")
    await service.said("host.away")
    before = await world.statuses()
    cut_off = [job for job in (await world.jobs()).values() if job["attempt"]]
    assert len(cut_off) <= world.slots, "only calls that were cut off in the middle count"
    assert before["failed"] == before["skipped"] == 0
    assert before["done"] < 40
    await world.heal()

    await world.settled(media)
    assert await world.statuses() == {"done": 40}
    assert {run["outcome"] for run in (await gather(world)).runs} <= {"done", "retry", "unavailable"}
    (await gather(world)).check()


async def test_a_model_that_vanishes_fails_nothing(make: MakeWorld) -> None:
    world = await make(*QUICK)
    media = await world.add(4)
    service = await world.serve()
    await service.started()
    await world.spoil("status", match={"job": CAPTION}, status=404)

    await world.wire.created(media)
    await service.said("job.ended")
    seen = await until(lambda: enough(world, 8))
    assert seen == {"due": 4, "waiting": 4}
    await world.heal()

    await world.settled(media)
    assert await world.statuses() == {"done": 8}


async def enough(world: World, jobs: int) -> Counter[str] | None:
    """How many jobs are in which state once there are so many."""
    statuses = await world.statuses()
    return statuses if statuses.total() == jobs else None


async def test_a_frozen_broker_does_not_keep_the_model_waiting(broker: tuple[Process, str], make: MakeWorld) -> None:
    process, address = broker
    world = await make("--picture-seconds", "0.2", kafka=address)
    media = await world.add(20)
    service = await world.serve(kafka_session_timeout_seconds=30)
    await world.wire.created(media)
    await world.wire.taken_in(Topic.MEDIA_CREATED)
    assert (await world.statuses())["done"] < 40

    os.kill(process.pid, signal.SIGSTOP)
    await done(world, 40)
    assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.outbox") > 0
    await service.said("relay.repeated")
    os.kill(process.pid, signal.SIGCONT)

    await world.settled(media)
    evidence = await gather(world)
    evidence.check()
    assert len(evidence.first_events) == 40
    await world.add_as(500)
    await world.wire.created([500])
    await world.settled([500])


async def test_what_was_to_be_told_when_the_process_died_is_told_by_the_next(
    broker: tuple[Process, str], make: MakeWorld
) -> None:
    process, address = broker
    world = await make(*QUICK, kafka=address)
    media = await world.add(10)
    service = await world.serve()
    await world.wire.created(media)
    await world.wire.taken_in(Topic.MEDIA_CREATED)

    os.kill(process.pid, signal.SIGSTOP)
    await done(world, 20)
    await service.kill()
    os.kill(process.pid, signal.SIGCONT)
    await world.serve()

    await world.settled(media)
    evidence = await gather(world)
    evidence.check()
    assert len(evidence.first_events) == 20


async def test_a_media_root_that_goes_away_fails_nothing(make: MakeWorld) -> None:
    world = await make("--picture-seconds", "0.2")
    media = await world.add(20)
    service = await world.serve(cache_bytes=1)
    await world.wire.created(media[:10])
    await done(world, 4)

    world.root.rename(world.folder / "elsewhere")
    await world.wire.created(media[10:])
    await service.said("store.away")
    await world.wire.taken_in(Topic.MEDIA_CREATED)
    before = await world.statuses()
    assert before["failed"] == before["skipped"] == 0
    assert (await world.statuses(media[10:]))["done"] == 0
    (world.folder / "elsewhere").rename(world.root)

    await world.settled(media)
    assert await world.statuses() == {"done": 40}
    (await gather(world)).check()


async def test_a_database_that_cuts_connections_loses_nothing(make: MakeWorld) -> None:
    world = await make("--picture-seconds", "0.2")
    media = await world.add(20)
    service = await world.serve()
    await world.wire.created(media)

    for share in (4, 12, 20, 28):
        await done(world, share)
        await world.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query NOT LIKE '%bildwerk.jobs WHERE%'"
        )

    await world.settled(media)
    assert await world.statuses() == {"done": 40}
    (await gather(world)).check()
    assert not service.events("service.stopped")
