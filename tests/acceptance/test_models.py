"""Job types that ask different models: one at a time on a host, whoever asks, and nothing waits for ever."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from handlers.registry import load_stages
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.world import MODEL, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = tuple(stage.job_type for stage in load_stages())
OTHER = "bildwerk-other"
OTHERS = ("ollama_title", "ollama_quality")
PICTURES, TURN = 16, 4
SETTINGS = {
    "job_types": ",".join(ALL), "models": ",".join(f"{job_type}={OTHER}" for job_type in OTHERS), "swap_media": TURN,
    "lease_seconds": 10, "decoder_seconds": 5, "sweep_seconds": 5,
}  # fmt: skip


async def _settle(world: World, seconds: float = 180) -> list[int]:
    media = await world.add(PICTURES)
    await world.wire.created(media)
    await world.settled(media, seconds=seconds, jobs=len(ALL))
    return media


def list_runs(calls: Sequence[dict[str, Any]]) -> list[str]:
    """The models in the order in which they were asked, without repetitions. Fails when two were asked at once."""
    asked: list[str] = []
    free = 0.0
    for call in sorted(calls, key=lambda call: call["arrived"]):
        if not asked or asked[-1] != call["model"]:
            assert call["arrived"] >= free, "a model was asked for while another one was at work"
            asked.append(call["model"])
        free = max(free, call["end"])
    return asked


async def test_two_processes_ask_one_model_at_a_time_and_swap_after_its_turn(make: MakeWorld) -> None:
    world = await make(*QUICK, "--also", OTHER)
    for _ in range(2):
        await world.serve(**SETTINGS)
    await _settle(world)

    evidence = await gather(world)
    evidence.check()
    assert {job["status"] for job in evidence.jobs.values()} <= {"done", "skipped"}
    for call in evidence.calls:
        assert call["model"] == (OTHER if call["job"] in OTHERS else MODEL)
    runs = list_runs(evidence.calls)
    assert 2 <= len(runs) <= PICTURES, "picture by picture it would be twice as many"
    swapped = [event for service in world.services for event in service.events("model.swapped")]
    assert len(swapped) == len(runs)
    rows = await world.pool.fetch("SELECT DISTINCT job_type, model FROM bildwerk.runs WHERE host <> ''")
    assert {row["job_type"] for row in rows if row["model"] == OTHER} == {*OTHERS}


async def test_both_models_are_probed_before_they_are_asked(make: MakeWorld) -> None:
    """One after the other, while nothing else is under way there; and what was answered early is not lost to a line."""
    world = await make(*QUICK, "--attention", "sliding", "--also", OTHER)
    models = f"ollama_tags_normalize={OTHER}"  # the first in line after the caption; the title waits for nothing of it
    auto = {**SETTINGS, "models": models, "layout": "auto", "fused": "auto", "num_ctx": 16_384}
    first = await world.serve(**{**auto, "models": ""})
    await first.said("host.probed", seconds=60)
    media = await world.add(PICTURES)
    await world.wire.created(media)
    await first.said("job.ended", seconds=60)
    assert await first.stop() == 0
    second = await world.serve(**auto)
    await second.said("host.probed", seconds=60)
    await world.settled(media, seconds=180, jobs=len(ALL))

    (await gather(world)).check()
    assert await world.pool.fetchval("SELECT count(DISTINCT digest) FROM bildwerk.prefix_probes") == 2
    every = (await world.control.get("/control/calls")).json()["calls"]
    list_runs([call for call in every if call["end"] is not None])
    used = "SELECT count(*) FROM bildwerk.runs WHERE fused_in IS NOT NULL AND job_type = 'ollama_title'"
    assert await world.pool.fetchval(used) == PICTURES, "what was answered with the caption is used, whoever is next"
    asked = {(call["model"], job) for call in every if not call["probe"] for job in call["job"].split(",")}
    assert [job for model, job in asked if model == OTHER] == ["ollama_tags_normalize"]


async def test_a_model_that_is_shown_no_picture_need_not_see_and_is_not_probed(make: MakeWorld) -> None:
    world = await make(*QUICK, "--recorded-models")
    service = await world.serve(
        **{**SETTINGS, "models": "ollama_policy_flags=tiny-text", "layout": "auto", "fused": "auto"}
    )
    await _settle(world)
    evidence = await gather(world)
    evidence.check()
    assert {job["status"] for job in evidence.jobs.values()} <= {"done", "skipped"}
    assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.prefix_probes") == 1
    assert service.events("host.away") == []


async def test_a_model_that_is_on_no_host_keeps_only_its_own_jobs_waiting(make: MakeWorld) -> None:
    world = await make(*QUICK)
    service = await world.serve(**SETTINGS)
    media = await world.add(4)
    await world.wire.created(media)
    await service.said("host.models_changed", seconds=60)

    waiting = "SELECT count(*) FROM bildwerk.media WHERE owner IS NULL AND due[1] = ANY ($1)"
    async with asyncio.timeout(120):
        while await world.pool.fetchval(waiting, OTHERS) < len(media):
            await asyncio.sleep(0.25)
    await asyncio.sleep(1.0)  # four looks for work
    statuses = {key: job["status"] for key, job in (await world.jobs()).items()}
    assert {status for (_, name), status in statuses.items() if name == "ollama_caption"} == {"done"}
    assert {status for (_, name), status in statuses.items() if name == "ollama_title"} == {"due"}
    assert await world.pool.fetchval("SELECT sum(attempt) FROM bildwerk.jobs") == 0
    assert [call for call in await world.calls() if call["model"] == OTHER] == [], "nobody is asked in vain"
