"""SIGKILL of one of two processes at random moments, ten times over: nothing is lost, nothing is doubled."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable

import pytest

from contracts.topics import Topic
from tests.acceptance.conftest import MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.world import CAPTION, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

PICTURES = 200
KILLS = 10
SETTINGS = {"lease_seconds": 3, "decoder_seconds": 3, "kafka_session_timeout_seconds": 6, "sweep_seconds": 5}


async def test_ten_kills_lose_and_double_nothing(
    make: MakeWorld, dice: random.Random, figure: Callable[[str], None]
) -> None:
    world = await make("--picture-seconds", "0.3", "--token-seconds", "0.002")
    media = await world.add(PICTURES)
    for _ in range(2):
        await world.serve(**SETTINGS)
    await world.wire.created(media[:150])
    await world.wire.taken_in(Topic.MEDIA_CREATED)
    began = time.monotonic()
    uploads = asyncio.create_task(_upload(world, media[150:], dice))

    await _kill(world, dice)
    open_jobs = 2 * PICTURES - await world.pool.fetchval("SELECT count(*) FROM bildwerk.jobs WHERE status = 'done'")
    assert open_jobs > 0, "the kills fell into the work"
    await uploads
    await world.settled(media, seconds=120)

    evidence = await gather(world)
    evidence.check()
    assert Counter(job["status"] for job in evidence.jobs.values()) == {"done": 2 * PICTURES}
    assert {(call["media"], call["job"]) for call in evidence.calls} == {
        (str(m), job_type) for m in media for job_type in (CAPTION, TITLE)
    }
    assert await world.most_at_once() <= world.slots
    wasted = len(evidence.calls) - 2 * PICTURES
    cut_off = sum(run["ended_at"] is None for run in evidence.runs)
    assert cut_off > 0, "the kills fell into model calls"
    assert wasted <= KILLS * world.slots
    figure(
        f"{KILLS} kills, all done after {time.monotonic() - began:.0f} s: {open_jobs} jobs open after the last,"
        f" {cut_off} runs cut off, {wasted} wasted calls of {len(evidence.calls)},"
        f" {len(evidence.events) - len(evidence.first_events)} repeats on the topic"
    )


async def _upload(world: World, media: list[int], dice: random.Random) -> None:
    """Announce pictures one by one, so that the kills fall into the intake too."""
    for media_id in media:
        await world.wire.created([media_id])
        await asyncio.sleep(dice.uniform(0.0, 0.5))


async def _kill(world: World, dice: random.Random) -> None:
    alive = list(world.services)
    for _ in range(KILLS):
        await asyncio.sleep(dice.uniform(0.5, 4.5))
        victim = alive.pop(dice.randrange(2))
        await victim.kill()
        alive.append(await world.serve(**SETTINGS))
