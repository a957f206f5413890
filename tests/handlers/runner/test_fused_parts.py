"""What a fused call has answered is kept, whatever becomes of the jobs that it did not answer."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.effects import Effects
from contracts.facts import MediaFacts
from handlers.chain import Chain
from handlers.runner.finishing import Finisher
from handlers.runner.planning import Planner
from handlers.runner.work import Ended
from handlers.stage import Condition, Prompt, Stage
from handlers.stages.caption import CaptionStage
from handlers.stages.tags_normalize import TagsNormalizeStage
from handlers.stages.title import TitleStage
from tests.handlers.runner.comparing import ComparingTags, put
from tests.workshop import Workshop

CAPTION, TAGS, TITLE = "ollama_caption", "ollama_tags_normalize", "ollama_title"
SUPERSEDED = f"""
CREATE FUNCTION public.supersede() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE bildwerk.jobs SET generation = generation + 1 WHERE media_id = new.media_id AND job_type = '{TAGS}';
    RETURN NULL;
END $$;
CREATE TRIGGER supersede AFTER INSERT ON bildwerk.runs FOR EACH ROW WHEN (new.job_type = '{TAGS}')
EXECUTE FUNCTION public.supersede();
"""  # noqa: S608


def chain(workshop: Workshop, *stages: Stage[Any]) -> None:
    """Let these stages be all that is done."""
    planner = Planner(Chain(stages))
    workshop.ledger.planner = planner
    workshop.runner = replace(workshop.runner, finisher=Finisher(planner))


async def shown(workshop: Workshop) -> dict[str, tuple[str, str]]:
    """(status, reason) of the first jobs."""
    return {name: state for name, state in (await workshop.shown()).items() if name in (CAPTION, TAGS, TITLE)}


async def test_what_is_answered_is_settled_before_anything_is_asked(fusing: Workshop) -> None:
    """Tags come before the title; their own call, which fails, must not cost the title its answer."""
    chain(fusing, CaptionStage(), ComparingTags(companions=(put(fusing, "blue", "blue"),)), TitleStage())
    work = await fusing.claim()
    await fusing.fail("reset", match={"job": TAGS})
    assert await fusing.runner.run(work) is Ended.POSTPONED

    assert await shown(fusing) == {CAPTION: ("done", ""), TAGS: ("due", ""), TITLE: ("done", "")}
    assert [call["job"] for call in await fusing.calls()] == [f"{CAPTION},{TITLE}", TAGS]


async def test_a_part_that_does_not_settle_costs_no_other_part(fusing: Workshop) -> None:
    """Somebody wants the tags anew before they are written: nothing more is asked now, and the rest is used."""
    work = await fusing.claim()
    await fusing.ledger.pool.execute(SUPERSEDED)
    assert await fusing.runner.run(work) is Ended.POSTPONED

    assert await shown(fusing) == {CAPTION: ("done", ""), TAGS: ("due", ""), TITLE: ("done", "")}
    assert len(await fusing.calls()) == 1
    runs = "SELECT outcome FROM bildwerk.runs WHERE job_type = $1"
    assert [run["outcome"] for run in await fusing.ledger.pool.fetch(runs, TAGS)] == ["superseded"]


class BrokenPrompt(TitleStage):
    """A title that cannot be asked for."""

    def prompt(self, facts: MediaFacts) -> Prompt:
        raise ZeroDivisionError(facts.media_id)


class BrokenDecision(TitleStage):
    """A title of which rules cannot say whether they decide it."""

    def decide(self, facts: MediaFacts) -> Effects | None:
        raise ZeroDivisionError(facts.media_id)


class BrokenCondition(TitleStage):
    """A title that cannot be looked at before there is a caption."""

    def condition(self, facts: MediaFacts) -> Condition:
        if "ollama.caption" not in facts.meta:
            raise ZeroDivisionError(facts.media_id)
        return super().condition(facts)


@pytest.mark.parametrize(
    ("title", "end"),
    [(BrokenPrompt(), ("failed", "bug")), (BrokenDecision(), ("failed", "bug")), (BrokenCondition(), ("done", ""))],
    ids=["prompt", "decide", "condition"],
)
async def test_a_mistake_of_ours_in_a_later_stage_is_met_in_its_own_turn(
    fusing: Workshop, title: TitleStage, end: tuple[str, str]
) -> None:
    """Before it nobody else's job fails: what is asked for together is found out while the caption is run."""
    chain(fusing, CaptionStage(), TagsNormalizeStage(), title)
    await fusing.runner.run(await fusing.claim())

    assert await shown(fusing) == {CAPTION: ("done", ""), TAGS: ("done", ""), TITLE: end}
    assert (await fusing.calls())[0]["job"] == f"{CAPTION},{TAGS}"
