"""The job that is begun by the finish of the one before it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from contracts.effects import Effects
from contracts.facts import MediaFacts
from handlers.chain import Chain
from handlers.models import Models
from handlers.registry import load_stages
from handlers.runner.finishing import Finisher
from handlers.runner.medium import Runner
from handlers.runner.planning import Planner
from handlers.runner.work import Pictures, Work
from handlers.stages.title import TitleAnswer, TitleStage
from tests.ledger import MODEL
from tests.workshop import Workshop

CAPTION, TITLE = "ollama_caption", "ollama_title"
STEPS = """
CREATE TABLE public.steps (number serial, name text, transaction xid8 DEFAULT pg_current_xact_id());
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.steps (name)
    VALUES (TG_TABLE_NAME || ' ' || coalesce(to_jsonb(new) ->> 'job_type', to_jsonb(new) -> 'payload' ->> 'job_type'));
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT ON bildwerk.runs FOR EACH ROW EXECUTE FUNCTION public.note();
CREATE TRIGGER note AFTER INSERT ON bildwerk.outbox FOR EACH ROW EXECUTE FUNCTION public.note();
"""


class Counted:
    """Pictures that count how often one is asked for."""

    def __init__(self, pictures: Pictures) -> None:
        self.pictures, self.renditions = pictures, 0

    async def rendition(self, reference: str, content_hash: str) -> bytes:
        self.renditions += 1
        return await self.pictures.rendition(reference, content_hash)

    async def hash(self, reference: str) -> str:
        return await self.pictures.hash(reference)


async def _runs(workshop: Workshop) -> list[tuple[str, str | None]]:
    rows = await workshop.ledger.pool.fetch("SELECT job_type, outcome FROM bildwerk.runs ORDER BY id")
    return [(row["job_type"], row["outcome"]) for row in rows]


async def test_the_next_run_is_on_record_with_the_end_of_the_one_before_it(workshop: Workshop) -> None:
    """One commit between an answer and the next question; before its call a run is on record all the same."""
    work = await workshop.claim()
    await workshop.ledger.pool.execute(STEPS)
    await workshop.runner.run(work)

    steps = {r["name"]: r["transaction"] for r in await workshop.ledger.pool.fetch("SELECT * FROM public.steps")}
    assert list(steps) == [f"runs {CAPTION}", f"outbox {CAPTION}", f"runs {TITLE}", f"outbox {TITLE}"]
    assert steps[f"outbox {CAPTION}"] == steps[f"runs {TITLE}"]
    assert len(set(steps.values())) == 3
    assert await _runs(workshop) == [(CAPTION, "done"), (TITLE, "done")]


async def test_a_picture_is_read_once_in_a_lease(workshop: Workshop) -> None:
    runner = workshop.runner
    counted = Counted(runner.asker.pictures)
    await replace(runner, asker=replace(runner.asker, pictures=counted)).run(await workshop.claim())

    assert [call["job"] for call in await workshop.calls()] == [CAPTION, TITLE]
    assert counted.renditions == 1


async def test_whoever_is_told_to_stop_begins_nothing_more(workshop: Workshop) -> None:
    """I15: the answer under way is settled, and no run is left open."""
    claimed = await workshop.claim()
    work = Work(claimed.claim, lambda: work.answered > 0)
    await workshop.runner.run(work)

    assert await _runs(workshop) == [(CAPTION, "done")]
    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("due", "")}


async def test_a_lease_that_is_given_up_meanwhile_ends_the_run_without_a_call(workshop: Workshop) -> None:
    work = await workshop.claim()
    await replace(workshop.runner, settled=work.lose).run(work)

    assert [call["job"] for call in await workshop.calls()] == [CAPTION]
    assert await _runs(workshop) == [(CAPTION, "done"), (TITLE, "unavailable")]
    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("due", "")}


@dataclass(frozen=True)
class Broken(TitleStage):
    """A title that cannot be written."""

    def effects(self, facts: MediaFacts, answer: TitleAnswer) -> Effects:  # noqa: ARG002
        raise ZeroDivisionError


async def test_a_begun_job_that_meets_a_mistake_of_ours_is_asked_once(workshop: Workshop) -> None:
    (caption, *_) = load_stages()
    planner = Planner(Chain((caption, Broken()), models=Models(MODEL)))
    workshop.ledger.planner = planner
    await replace(workshop.runner, finisher=Finisher(planner)).run(await workshop.claim())

    assert [call["job"] for call in await workshop.calls()] == [CAPTION, TITLE]
    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("failed", "bug")}


async def test_what_was_begun_with_an_end_that_nobody_heard_of_is_closed(workshop: Workshop) -> None:
    """I14: the end stands, the job that was begun with it is begun anew, and no run stays open."""
    work = await workshop.claim()
    runner, finish = workshop.runner, Runner._finish_once
    broken: list[bool] = []

    async def cut_off(self: Runner, *arguments: Any) -> Any:
        settled = await finish(self, *arguments)
        if not broken:
            broken.append(True)
            raise ConnectionResetError
        return settled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runner, "_finish_once", cut_off)
        await runner.run(work)
    assert await _runs(workshop) == [(CAPTION, "done"), (TITLE, "superseded"), (TITLE, "done")]
    assert [call["job"] for call in await workshop.calls()] == [CAPTION, TITLE]
