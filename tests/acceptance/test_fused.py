"""A model that reuses nothing: a probe finds it out, and each picture is asked about in one call."""

import asyncio
from collections import Counter

import pytest

from handlers.registry import load_stages
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = tuple(stage.job_type for stage in load_stages())
PICTURES = 20
SETTINGS = {
    "job_types": ",".join(ALL), "layout": "auto", "fused": "auto", "num_ctx": 16_384, "lease_seconds": 10,
    "decoder_seconds": 5, "sweep_seconds": 5,
}  # fmt: skip
"""A busy computer stands still for some seconds, in which no lease may run out and no decoder may be taken for hung."""


async def _settle(world: World) -> list[int]:
    media = await world.add(PICTURES)
    await world.wire.created(media)
    await world.settled(media, seconds=120, jobs=len(ALL))
    return media


async def test_what_reuses_nothing_is_asked_once_per_picture(make: MakeWorld) -> None:
    """Verdicts, events and effects are those of jobs that were asked alone."""
    world = await make(*QUICK, "--attention", "sliding")
    service = await world.serve(**SETTINGS)
    await service.said("host.probed", seconds=60)
    media = await _settle(world)

    evidence = await gather(world)
    evidence.check()
    alone = [call for call in evidence.calls if "," not in call["job"]]
    fused = [call for call in evidence.calls if "," in call["job"]]
    assert Counter(call["media"] for call in fused) == dict.fromkeys(map(str, media), 1)
    assert {call["job"] for call in alone} <= {"ollama_duplicate_assist", "ollama_score_multi"}
    assert {job["status"] for job in evidence.jobs.values()} <= {"done", "skipped"}
    assert "" not in [(await world.meta(media_id))["ollama.title"] for media_id in media]
    assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.runs WHERE fused_in IS NOT NULL") >= 4 * PICTURES


async def test_a_service_killed_in_the_middle_of_fused_answers_loses_nothing(make: MakeWorld) -> None:
    """What of an answer was not settled is asked for again."""
    world = await make(*QUICK, "--attention", "sliding")
    victim = await world.serve(**SETTINGS)
    await victim.said("host.probed", seconds=60)
    media = await world.add(PICTURES)
    await world.spoil("hang", match={"media": str(media[-1])})  # so that not all is done before it is killed
    await world.wire.created(media)

    async def some() -> bool:
        return bool(await world.pool.fetchval("SELECT count(*) > 20 FROM bildwerk.runs WHERE fused_in IS NOT NULL"))

    async with asyncio.timeout(60):
        while not await some():
            await asyncio.sleep(0.01)
    await victim.kill()
    await world.heal()
    assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.jobs WHERE status IN ('due', 'waiting')") > 0
    await world.serve(**SETTINGS)
    # What a dead process was comparing with the library, nobody else touches for two minutes.
    await world.settled(media, seconds=240, jobs=len(ALL))

    evidence = await gather(world)
    evidence.check()
    assert {job["status"] for job in evidence.jobs.values()} <= {"done", "skipped"}
