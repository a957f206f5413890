"""Planning where a stage has a bug, and what a finish leaves for the inspector."""

from contracts.facts import MediaFacts
from handlers.chain import Chain
from handlers.failures import Transient
from handlers.runner.finishing import Failed, Finished, Finisher
from handlers.runner.planning import Force, Planner
from handlers.stage import Condition
from handlers.stages.caption import CaptionStage
from handlers.stages.title import TitleStage
from tests.ledger import Ledger, captioned

CAPTION, TITLE = "ollama_caption", "ollama_title"


class BrokenCaption(CaptionStage):
    def condition(self, facts: MediaFacts) -> Condition:
        raise ZeroDivisionError(f"\x00 {facts.media_id}")


class BrokenTitle(TitleStage):
    def condition(self, facts: MediaFacts) -> Condition:
        if "ollama.caption" in facts.meta:
            raise ZeroDivisionError
        return super().condition(facts)


BROKEN = Planner(Chain((BrokenCaption(), TitleStage())))


async def due(ledger: Ledger) -> list[str]:
    return list(await ledger.pool.fetchval("SELECT due FROM bildwerk.media"))


async def test_a_medium_that_cannot_be_planned_is_not_claimable_until_it_can(ledger: Ledger) -> None:
    """Otherwise it would be claimed, and broken off, in a loop. An error's text may hold what PostgreSQL cannot."""
    media_id = await ledger.add()
    good, ledger.planner = ledger.planner, BROKEN
    assert (await ledger.plan(media_id)).errors == 1
    assert await due(ledger) == []

    ledger.planner = good
    await ledger.plan(media_id)
    assert await due(ledger) == [CAPTION]
    assert await ledger.pool.fetchval("SELECT plan_error FROM bildwerk.media") is None


async def test_a_force_for_a_medium_that_cannot_be_planned_is_kept(ledger: Ledger) -> None:
    """P13: the force is honoured once; it must not be lost with the plan that failed."""
    media_id = await ledger.add()
    good, ledger.planner = ledger.planner, BROKEN
    await ledger.plan(media_id, Force("force-1", (CAPTION,)))
    ledger.planner = good
    await ledger.plan(media_id, Force("force-1", (CAPTION,)))

    verdict = await ledger.verdict(media_id, CAPTION)
    assert (verdict["status"], verdict["reason"], verdict["generation"]) == ("due", "forced", 1)


async def test_an_answer_is_kept_though_what_comes_after_it_cannot_be_planned(ledger: Ledger) -> None:
    media_id = await ledger.add()
    broken = Finisher(Planner(Chain((CaptionStage(), BrokenTitle()))))
    job = await ledger.start(await ledger.claim(), CAPTION)

    assert Finished.SETTLED is await ledger.finish(job, captioned(), broken)
    assert (await ledger.verdict(media_id, CAPTION))["status"] == "done"
    assert await ledger.events() == [(CAPTION, "done", 0)]
    assert await due(ledger) == []
    assert await ledger.pool.fetchval("SELECT plan_error IS NOT NULL FROM bildwerk.media")


async def test_a_mark_that_moved_during_a_call_that_failed_is_inspected(ledger: Ledger) -> None:
    """12: no longer claimable, so the finish itself has to ask the inspector; the next sweep may be hours away."""
    media_id = await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)
    await ledger.touch(media_id)

    assert Finished.POSTPONED is await ledger.finish(job, Failed(Transient("reset")))
    assert await due(ledger) == []
    assert await ledger.pool.fetchval("SELECT inspect_at <= now() FROM bildwerk.media")
