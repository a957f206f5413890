"""Ollama, Kafka or the media root away: nothing fails, work waits and resumes by itself."""

import asyncio
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
from tests.acceptance.pictures import fill
from tests.acceptance.polling import until
from tests.acceptance.world import CAPTION, Service, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def broker(tmp_path: Path) -> AsyncIterator[tuple[Process, str]]:
    """Return a broker of the test's own, and its address."""
    process, address = await start_broker(tmp_path)
    yield process, address
    os.kill(process.pid, signal.SIGCONT)
    await process.stop()


async def done(world: World, at_least: int, seconds: float = 30.0) -> None:
    """Wait until so many jobs are done."""

    async def enough() -> bool:
        return (await world.statuses())["done"] >= at_least

    await until(enough, seconds)


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


async def test_a_media_root_unmounted_twice_in_the_middle_of_500_pictures_fails_none(make: MakeWorld) -> None:
    """Gone, then an empty folder, as a mount leaves it. An EIO of a dying disk cannot be made without a file system."""
    world = await make(*QUICK)
    media = await world.add(500)
    service = await world.serve(cache_bytes=1, job_types=CAPTION)
    await world.wire.created(media)
    for share, leave in ((100, False), (250, True)):
        await done(world, share, 120)
        await unmount(world, service, leave)

    await world.settled(media, 120, jobs=1)
    assert await world.statuses() == {"done": 500}
    assert max(job["attempt"] for job in (await world.jobs()).values()) == 0
    (await gather(world)).check()


async def unmount(world: World, service: Service, leave: bool) -> None:
    """Take the media root away until the service has noticed, and some more; perhaps leave an empty folder."""
    noticed, elsewhere = len(service.events("store.away")), world.folder / "elsewhere"
    world.root.rename(elsewhere)
    if leave:
        world.root.mkdir()

    async def notices() -> bool:
        return len(service.events("store.away")) > noticed

    await until(notices)
    before = await world.statuses()
    assert before["done"] < 500
    assert before["failed"] == before["skipped"] == 0
    await asyncio.sleep(1.5)
    if leave:
        world.root.rmdir()
    elsewhere.rename(world.root)


async def test_a_root_without_its_sentinel_is_away_though_there_are_files_in_it(make: MakeWorld) -> None:
    """What lies below a mount point may hold files of the same names; another root goes on meanwhile."""
    world = await make(*QUICK)
    media = await world.add(12)
    scans, below = world.folder / "scans", world.folder / "below"
    named = await world.add_paths(f"scans:{path}" for path in fill(scans, 6, 900))
    for path in fill(below, 6, 900):
        (below / path).write_bytes(b"no picture")
    (world.root / ".here").touch()
    service = await world.serve(media_roots=f"scans={below}", media_root_sentinel=".here", job_types=CAPTION)
    await service.process.wait()
    assert f"touch {below / '.here'}" in service.log

    (below / ".here").touch()
    (scans / ".here").touch()
    service = await world.serve(media_roots=f"scans={scans}", media_root_sentinel=".here", job_types=CAPTION)
    await service.started()
    scans.rename(world.folder / "elsewhere")
    (below / ".here").unlink()
    below.rename(scans)
    await world.wire.created([*named, *media])
    await service.said("store.away")
    await world.settled(media, jobs=1)
    assert await world.statuses(media) == {"done": 12}
    assert (await world.statuses(named))["skipped"] == 0

    scans.rename(below)
    (world.folder / "elsewhere").rename(scans)
    await world.settled(named, jobs=1)
    assert await world.statuses(named) == {"done": 6}
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
