"""Several jobs of a picture in one call: each is settled as if it had been asked alone."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from handlers.failures import Transient, Unavailable
from handlers.inference.prefix_probe import make_control
from handlers.registry import load_stages
from handlers.runner.planning import Force
from handlers.runner.work import Ended
from tests.workshop import Workshop

ALL = tuple(stage.job_type for stage in load_stages())
CAPTION, TITLE, TAGS, QUALITY = "ollama_caption", "ollama_title", "ollama_tags_normalize", "ollama_quality"
FUSED = (CAPTION, TAGS, TITLE, QUALITY, "ollama_prompt_recon")
"""What is due of the workshop's picture before anything is known of it, duplicates and what rules decide left out."""


def send() -> None:
    """A call is made."""


async def _runs(workshop: Workshop) -> dict[str, Any]:
    rows = await workshop.ledger.pool.fetch("SELECT * FROM bildwerk.runs ORDER BY id")
    return {row["job_type"]: row for row in rows}


async def _events(workshop: Workshop) -> list[str]:
    rows = await workshop.ledger.pool.fetch("SELECT payload FROM bildwerk.outbox ORDER BY id")
    return [row["payload"]["job_type"] for row in rows]


async def test_one_call_answers_the_due_jobs_and_each_is_settled_by_itself(fusing: Workshop) -> None:
    """Each has its own run, effects, verdict and event, as without fusing."""
    work = await fusing.claim()
    assert await fusing.runner.run(work) is Ended.FINISHED

    asked = [call["job"] for call in await fusing.calls()]
    assert asked[0].split(",")[: len(FUSED)] == list(FUSED)
    assert len(asked) <= 2, asked
    shown = await fusing.shown()
    assert {name: shown[name] for name in FUSED} == dict.fromkeys(FUSED, ("done", ""))
    assert {status for status, _ in shown.values()} <= {"done", "skipped"}
    runs = await _runs(fusing)
    first = runs[CAPTION]["id"]
    assert {runs[name]["fused_in"] for name in FUSED[1:]} == {first}
    assert runs[CAPTION]["fused_in"] is None
    assert runs[CAPTION]["prompt_tokens"] > 0
    assert {runs[name]["prompt_tokens"] for name in FUSED[1:]} == {None}
    assert all(runs[name]["raw_answer"].startswith("{") for name in FUSED)
    assert sorted(await _events(fusing)) == sorted(ALL)


async def test_a_part_that_is_not_due_after_all_is_thrown_away(fusing: Workshop) -> None:
    """Somebody gave it a title while the model was at work: ours is not written, and no run is on record."""
    work = await fusing.claim()
    asker = fusing.runner.asker
    model = asker.model

    class Meanwhile:
        async def ask(self, host: str, question: Any, send: Any) -> Any:
            reply = await model.ask(host, question, send)
            await fusing.ledger.pool.execute("INSERT INTO media_meta VALUES (1, 'title', $1)", "A title by somebody")
            return reply

        def recipe(self, *arguments: Any) -> str:
            return model.recipe(*arguments)

        def fuses(self, host: str, asked: str) -> bool:
            return model.fuses(host, asked)

    fusing.runner = replace(fusing.runner, asker=replace(asker, model=Meanwhile()))
    await fusing.runner.run(work)

    assert (await fusing.shown())[TITLE][0] == "skipped"
    assert TITLE not in await _runs(fusing)
    assert "ollama.title" not in await fusing.ledger.meta(1)


async def test_one_bad_part_fails_alone(fusing: Workshop) -> None:
    said = {
        f"part1_{CAPTION}": {"caption": "A plain orange area", "description": "An orange area fills the frame."},
        f"part3_{TITLE}": {"title": 7},
    }
    await fusing.fail("say", text=json.dumps(said), next=1)
    await fusing.runner.run(await fusing.claim())

    shown = await fusing.shown()
    assert shown[CAPTION] == ("done", "")
    assert shown[TITLE] == ("failed", "wrong_shape")
    assert shown[TAGS] == ("failed", "not_json"), "a part that is missing"


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "broken_json"},
        {"fault": "status", "status": 400, "error": "the request exceeds the available context size"},
        {"fault": "status", "status": 400, "error": "invalid JSON schema in format"},
    ],
)
async def test_an_answer_that_cannot_be_taken_apart_or_is_refused_is_asked_for_one_by_one(
    fusing: Workshop, fault: dict[str, Any]
) -> None:
    await fusing.fail(**fault, next=1)
    await fusing.runner.run(await fusing.claim())

    shown = await fusing.shown()
    assert {name: shown[name] for name in FUSED} == dict.fromkeys(FUSED, ("done", ""))
    asked = [call["job"] for call in await fusing.calls()]
    assert "," in asked[0]
    assert not any("," in job for job in asked[1:])


async def test_a_part_from_before_a_force_is_not_used(fusing: Workshop) -> None:
    """The generation is another one: who forces a job wants it asked again."""
    work = await fusing.claim()
    model = fusing.runner.asker.model
    forced = False

    class Meanwhile:
        async def ask(self, host: str, question: Any, send: Any) -> Any:
            nonlocal forced
            reply = await model.ask(host, question, send)
            if not forced:
                forced = True
                await fusing.ledger.plan(1, Force("once", (TITLE,)))
            return reply

        def recipe(self, *arguments: Any) -> str:
            return model.recipe(*arguments)

        def fuses(self, host: str, asked: str) -> bool:
            return model.fuses(host, asked)

    fusing.runner = replace(fusing.runner, asker=replace(fusing.runner.asker, model=Meanwhile()))
    await fusing.runner.run(work)

    assert (await fusing.shown())[TITLE] == ("done", "")
    asked = [call["job"].split(",") for call in await fusing.calls()]
    assert sum(TITLE in jobs for jobs in asked) == 2


async def test_a_medium_that_is_to_be_alone_is_asked_one_by_one(fusing: Workshop) -> None:
    """A crash is to name the job, and with it the picture, that it comes from."""
    await fusing.ledger.pool.execute("UPDATE bildwerk.jobs SET reason = 'alone' WHERE job_type = $1", CAPTION)
    work = await fusing.claim()
    await fusing.ledger.pool.execute(
        "UPDATE bildwerk.jobs SET status = 'due', reason = 'alone' WHERE job_type = $1", CAPTION
    )
    await fusing.runner.run(work)

    assert (await fusing.calls())[0]["job"] == CAPTION


async def test_what_does_not_fit_into_the_context_is_asked_for_in_the_next_call(fusing: Workshop) -> None:
    asker = replace(fusing.runner.asker, room=1400)
    fusing.runner = replace(fusing.runner, asker=asker)
    await fusing.runner.run(await fusing.claim())

    asked = [call["job"].split(",") for call in await fusing.calls()]
    assert len(asked) > 1
    assert any(len(jobs) > 1 for jobs in asked)
    assert [job for jobs in asked for job in jobs if job in FUSED] == list(FUSED)
    assert (await fusing.shown())[QUALITY] == ("done", "")


async def test_a_service_that_drains_still_uses_what_was_answered(fusing: Workshop) -> None:
    work = await fusing.claim()
    work.draining = lambda: work.answered > 0
    await fusing.runner.run(work)

    assert len(await fusing.calls()) == 1
    shown = await fusing.shown()
    assert {name: shown[name][0] for name in FUSED} == dict.fromkeys(FUSED, "done")


async def test_one_job_that_fits_alone_is_asked_in_its_own_words(fusing: Workshop) -> None:
    """A call of one part would be recorded as what it is not."""
    fusing.runner = replace(fusing.runner, asker=replace(fusing.runner.asker, room=1))
    await fusing.runner.run(await fusing.claim())

    assert not any("," in call["job"] for call in await fusing.calls())
    runs = await _runs(fusing)
    assert {run["fused_in"] for run in runs.values()} == {None}
    assert not any("part1_" in (run["raw_answer"] or "") for run in runs.values())
    assert (await fusing.shown())[QUALITY] == ("done", "")


async def test_a_host_that_is_too_slow_for_all_at_once_is_asked_one_by_one(fusing: Workshop) -> None:
    """Else the same fused call would run into the same time-out again and again."""
    fleet = fusing.fleet
    fleet.ollama.options = replace(fleet.ollama.options, total_timeout=1.5)
    await fusing.fail("delay", seconds=10.0, next=1)
    await fusing.runner.run(await fusing.claim())
    assert not fleet.fuses(fleet.ollama.hosts[0].name, "bildwerk-simulated")
    await fusing.heal()
    fleet.ollama.options = replace(fleet.ollama.options, total_timeout=60.0)
    fleet.health.record(fleet.ollama.hosts[0], None, 0.0)
    await fusing.ledger.pool.execute(
        "UPDATE bildwerk.media SET run_at = now(); UPDATE bildwerk.slots SET busy_until = NULL"
    )
    await fusing.ledger.pool.execute("UPDATE bildwerk.jobs SET run_at = NULL")
    await fusing.runner.run(await fusing.claim())

    assert {name: (await fusing.shown())[name] for name in FUSED} == dict.fromkeys(FUSED, ("done", ""))
    assert sum("," in call["job"] for call in await fusing.calls()) == 1


async def test_a_picture_that_is_never_answered_says_nothing_about_fusing(fusing: Workshop) -> None:
    """Others are answered meanwhile: they are still to be asked one by one."""
    fleet = fusing.fleet
    name, question = fleet.ollama.hosts[0].name, make_control("bildwerk-simulated")
    bad = replace(question, media_id=7)
    fleet.ollama.options = replace(fleet.ollama.options, total_timeout=1.5)
    await fusing.fail("delay", seconds=10.0, next=1)
    with pytest.raises(Unavailable, match="timeout"):
        await fleet.ask(name, replace(question, is_fused=True), send)
    fleet.ollama.options = replace(fleet.ollama.options, total_timeout=60.0)
    await fleet.look()
    await fleet.ask(name, question, send)
    fleet.ollama.options = replace(fleet.ollama.options, total_timeout=5.0)
    await fusing.fail("delay", seconds=15.0, match={"media": "7"})
    ended = await asyncio.gather(*(fleet.ask(name, one, send) for one in (bad, question)), return_exceptions=True)

    assert repr(ended[0]) == repr(Transient("timeout"))
    assert not fleet.fuses(name, question.model)


async def test_a_host_that_does_not_answer_one_by_one_either_was_not_too_slow_for_all_at_once(fusing: Workshop) -> None:
    """It merely hung: that one time it would not have answered whatever it was asked."""
    fleet = fusing.fleet
    name, question = fleet.ollama.hosts[0].name, make_control("bildwerk-simulated")
    fleet.ollama.options = replace(fleet.ollama.options, total_timeout=1.5)
    await fusing.fail("delay", seconds=10.0, next=2)
    for one, fuses in ((replace(question, is_fused=True), False), (question, True)):
        with pytest.raises(Unavailable, match="timeout"):
            await fleet.ask(name, one, send)
        assert fleet.fuses(name, question.model) is fuses
        await fleet.look()


async def test_a_host_that_was_away_is_asked_for_all_at_once_again(fusing: Workshop) -> None:
    """It hung, and was started anew: that it did not answer was not for what it was asked."""
    fleet = fusing.fleet
    name, question = fleet.ollama.hosts[0].name, make_control("bildwerk-simulated")
    fleet.ollama.options = replace(fleet.ollama.options, total_timeout=1.5)
    await fusing.fail("delay", seconds=10.0, next=1)
    with pytest.raises(Unavailable, match="timeout"):
        await fleet.ask(name, replace(question, is_fused=True), send)
    await fleet.look()
    assert not fleet.fuses(name, question.model), "a look that ends well says nothing"
    await fusing.fail("refuse")
    await fleet.look()
    assert fleet.fuses(name, question.model)
