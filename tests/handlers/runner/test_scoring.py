"""Scores from being asked for to being written, against a simulated Ollama and a real PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest_asyncio

from bildwerk.sandbox.ollama import Simulated
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Force, Planner, PlanRequest
from handlers.runner.work import Ended
from tests.ledger import Ledger, choose
from tests.workshop import SPEED, Workshop, open_workshop

SCORE = "ollama_score_multi"
PLANNER = Planner(choose(SCORE))
AXES = {"aesthetic", "completeness", "compliance", "fidelity", "novelty"}


@pytest_asyncio.fixture
async def scorer(
    ledger: Ledger, start_ollama: Callable[..., Awaitable[Simulated]], tmp_path: Path
) -> AsyncIterator[Workshop]:
    """Return a workshop in which nothing is done but scoring."""
    ledger.planner = PLANNER
    async with open_workshop(ledger, await start_ollama(2, *SPEED), tmp_path) as opened:
        await opened.inspector.inspect_batch()
        yield opened


async def plan(workshop: Workshop, batch: str | None = None, force: Force | None = None) -> Planned:
    async with workshop.ledger.pool.acquire() as connection, connection.transaction():
        return await PLANNER.plan_media(connection, [PlanRequest(1, force, score_batch=batch)])


async def score(workshop: Workshop) -> Any:
    """Run the medium, which must be due, and return its scores."""
    assert await workshop.runner.run(await workshop.claim()) is Ended.FINISHED
    return (await workshop.ledger.meta(1))["ollama.scores"]


async def wish(workshop: Workshop, prompt: str) -> None:
    """What a platform does when somebody writes another prompt."""
    await workshop.ledger.pool.execute(
        "INSERT INTO media_meta VALUES (1, 'prompt', to_jsonb($1::text)) "
        "ON CONFLICT (media_id, key) DO UPDATE SET value = excluded.value",
        prompt,
    )


async def test_a_medium_of_a_batch_is_scored_without_a_quality_analysis(scorer: Workshop) -> None:
    assert await scorer.shown() == {SCORE: ("skipped", "no_quality")}
    await plan(scorer, "spring")

    scores = await score(scorer)

    assert set(scores) == AXES | {"version", "run"}
    assert scores["run"] == await scorer.ledger.pool.fetchval("SELECT id FROM bildwerk.runs")
    assert scores["fidelity"]["score"] is None
    assert scores["novelty"]["computed"] == {"nearest_bits": None, "compared": 0, "limit": None}
    assert scores["compliance"]["computed"]["limits"] == [{"rule": "shorter_side", "value": 48, "limit": 0.25}]
    assert await scorer.shown() == {SCORE: ("done", "")}


async def test_who_is_scored_stays_scored_in_other_batches_too(scorer: Workshop) -> None:
    await plan(scorer, "spring")
    await score(scorer)

    for batch in ("spring", "summer"):
        assert (await plan(scorer, batch)).due == 0
    assert len(await scorer.calls()) == 1


async def test_another_prompt_is_scored_once(scorer: Workshop) -> None:
    await wish(scorer, "a blue field")
    await plan(scorer, "spring")
    before = await score(scorer)
    await wish(scorer, "an orange field")
    assert (await plan(scorer)).due == 1

    after = await score(scorer)

    assert (await plan(scorer)).due == 0
    assert len(await scorer.calls()) == 2
    assert (await scorer.ledger.verdict(1, SCORE))["generation"] == 2
    assert before["fidelity"]["score"] is not None
    assert before["fidelity"]["computed"] != after["fidelity"]["computed"]
    assert await scorer.ledger.events() == [(SCORE, "skipped", 0), (SCORE, "done", 1), (SCORE, "done", 2)]


async def test_a_force_scores_again_and_its_repeat_does_not(scorer: Workshop) -> None:
    await plan(scorer, "spring")
    first = await score(scorer)
    force = Force("score:spring", (SCORE,))

    assert (await plan(scorer, "spring", force)).due == 1
    assert (await score(scorer))["run"] > first["run"]
    assert (await plan(scorer, "spring", force)).due == 0


async def test_a_force_does_not_stand_for_a_quality_analysis(scorer: Workshop) -> None:
    """R6."""
    assert (await plan(scorer, force=Force("f", (SCORE,)))).due == 0
    assert await scorer.shown() == {SCORE: ("skipped", "no_quality")}


async def test_a_quality_analysis_that_appears_makes_it_due(scorer: Workshop) -> None:
    await scorer.ledger.pool.execute("INSERT INTO media_meta VALUES (1, 'ollama.quality', '{\"status\": \"defect\"}')")
    await plan(scorer)

    scores = await score(scorer)

    assert scores["compliance"]["score"] <= 0.25
    rules = [entry["rule"] for entry in scores["compliance"]["computed"]["limits"]]
    assert rules == ["quality_status", "shorter_side"]


async def test_an_answer_of_another_shape_is_a_job_error_and_nothing_is_written(scorer: Workshop) -> None:
    await scorer.fail("broken_json", next=1)
    await plan(scorer, "spring")
    await scorer.runner.run(await scorer.claim())

    assert (await scorer.shown())[SCORE][0] == "failed"
    assert "ollama.scores" not in await scorer.ledger.meta(1)
