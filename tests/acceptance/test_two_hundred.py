"""200 pictures, both job types, two processes that share four slots; then the same events once more, and silence."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from contracts.topics import Topic
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.wire import body, header
from tests.acceptance.world import CAPTION, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

PICTURES = 200
BOTH = (CAPTION, TITLE)
REPEATS = 50
QUIET_SECONDS = 60


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(make_shared: MakeWorld) -> tuple[World, list[int]]:
    """Return a world whose 200 pictures two processes have done, each event having come once."""
    world = await make_shared(*QUICK)
    return world, await run(world, sweep_seconds=0.5, sweep_batch=50)


async def run(world: World, dice: random.Random | None = None, **settings: object) -> list[int]:
    """Two processes do the library; with `dice` every event comes three times, in random order."""
    media = await world.add(PICTURES)
    for _ in range(2):
        await (await world.serve(**settings)).started()
    sent = list(media)
    if dice:
        sent = media * 3
        dice.shuffle(sent)
    await world.wire.created(sent)
    await world.settled(media, seconds=120)
    return media


async def check_done(world: World, media: list[int]) -> None:
    """400 jobs are done, told by 400 completions, with 400 model calls, never more than four at once."""
    evidence = await gather(world)
    wanted = {(m, job_type) for m in media for job_type in BOTH}
    assert {key for key, job in evidence.jobs.items() if job["status"] == "done"} == wanted
    assert len({header(record, "ce_id") for record in evidence.events}) == 2 * PICTURES
    assert len(evidence.events) == 2 * PICTURES, "nothing went wrong, so nothing was sent twice"
    assert {(e["media_id"], e["job_type"]) for e in map(body, evidence.events)} == wanted
    assert Counter((int(call["media"]), call["job"]) for call in evidence.calls) == dict.fromkeys(wanted, 1)
    assert await world.most_at_once() <= world.slots
    evidence.check()
    for service in world.services:
        assert service.events("job.ended"), "both processes take their share"


async def test_200_pictures_are_400_jobs_400_events_and_400_calls(library: tuple[World, list[int]]) -> None:
    await check_done(*library)


async def test_replaying_the_topic_asks_no_model_and_tells_nothing(
    library: tuple[World, list[int]], figure: Callable[[str], None]
) -> None:
    world, media = library
    before = await _state(world)
    await world.wire.created(media * REPEATS)
    await world.wire.taken_in(Topic.MEDIA_CREATED)

    replaying = await world.serve(
        kafka_group=f"replay-{world.word}", kafka_session_timeout_seconds=10, sweep_seconds=3600
    )
    for topic in (Topic.MEDIA_CREATED, Topic.STAGE_COMPLETED):
        await world.wire.taken_in(topic, 60, f"replay-{world.word}")
    assert await replaying.stop() == 0

    await world.drained()
    assert await _state(world) == before
    began = replaying.events("reader.assigned")[-1]["timestamp"]
    batches = [batch for batch in replaying.events("intake.planned") if batch["timestamp"] > began]
    seconds = (datetime.fromisoformat(batches[-1]["timestamp"]) - datetime.fromisoformat(began)).total_seconds()
    events = sum(batch["messages"] for batch in batches)
    assert events >= (REPEATS + 1) * PICTURES + 2 * PICTURES
    figure(f"{events} events again in {seconds:.1f} s: {events / seconds:.0f} a second")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def silence(library: tuple[World, list[int]]) -> tuple[float, dict[str, Any]]:
    """Return since when the library is left alone, and how it was then; other tests run meanwhile."""
    return time.monotonic(), await _state(library[0])


@pytest.mark.usefixtures("silence")
async def test_events_sent_three_times_in_random_order_change_nothing(make: MakeWorld, dice: random.Random) -> None:
    world = await make(*QUICK)

    await check_done(world, await run(world, dice))


async def test_without_planning_in_the_finish_events_alone_carry_the_chain(make: MakeWorld) -> None:
    world = await make(*QUICK)

    await check_done(world, await run(world, plan_in_finish="false"))
    leases = await world.pool.fetch("SELECT lease_no FROM bildwerk.media ORDER BY lease_no")
    middle = leases[len(leases) // 2]["lease_no"]
    assert middle >= len(BOTH), "a claim for each job, unless an event was back before its lease was given back"


async def test_a_quiet_library_tells_nothing_for_a_minute(
    library: tuple[World, list[int]], silence: tuple[float, dict[str, Any]]
) -> None:
    world, _ = library
    began, before = silence
    rounds: set[object] = set()
    deadline = time.monotonic() + 2 * QUIET_SECONDS

    while time.monotonic() < began + QUIET_SECONDS or len(rounds) < 10:
        rounds.add(await world.pool.fetchval("SELECT until FROM bildwerk.watches WHERE name = 'sweep'"))
        assert time.monotonic() < deadline, "the sweep is at work all the time"
        await asyncio.sleep(0.25)

    assert await _state(world) == before


async def _state(world: World) -> dict[str, Any]:
    """All that a replay or an idle minute must leave as it is."""
    return {
        "jobs": await world.pool.fetch("SELECT xmin::text, * FROM bildwerk.jobs ORDER BY media_id, job_type"),
        "plans": await world.pool.fetch("SELECT id, plan_no, lease_no FROM bildwerk.media ORDER BY id"),
        "meta": await world.pool.fetch("SELECT xmin::text, * FROM public.media_meta ORDER BY media_id, key"),
        "outbox": await world.pool.fetchval("SELECT last_value FROM bildwerk.outbox_id_seq"),
        "letters": await world.pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters"),
        "calls": len(await world.calls()),
        "events": len(await world.wire.read(Topic.STAGE_COMPLETED)),
    }
