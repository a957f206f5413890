"""Asking about several pictures: other media's are shown with the medium's own, or the job is tried again."""

import hashlib
from dataclasses import replace

import pytest

from consumers.store import Store
from contracts.facts import MediaFacts
from handlers.chain import Chain
from handlers.failures import Invalid, Stale, Transient, Unavailable
from handlers.inference.layout import Shown
from handlers.registry import load_stages
from handlers.runner.finishing import Finisher
from handlers.runner.medium import Runner
from handlers.runner.planning import Planner
from handlers.runner.work import Ended, Work
from handlers.stage import Companion
from handlers.stages.title import TitleStage
from tests.handlers.runner.comparing import Comparing, ComparingTags, put
from tests.ledger import PATIENT
from tests.workshop import Workshop

CAPTION, TAGS, TITLE = "ollama_caption", "ollama_tags_normalize", "ollama_title"


def comparing(workshop: Workshop, *companions: Companion) -> Runner:
    """A runner whose title looks at these."""
    chain = Chain((load_stages()[0], Comparing(companions)))
    return replace(workshop.runner, finisher=Finisher(Planner(chain), PATIENT))


async def own_facts(workshop: Workshop) -> MediaFacts:
    """The facts of the one medium, inspected."""
    await workshop.inspector.inspect_batch()
    async with workshop.ledger.pool.acquire() as connection:
        (snapshot,) = await workshop.ledger.planner.load(connection, [1])
    return snapshot.facts


async def test_other_pictures_are_sent_in_order(workshop: Workshop) -> None:
    """The bytes that are sent are those that the other media's own jobs send."""
    blue, red = put(workshop, "blue", "blue"), put(workshop, "red", "red")
    facts, store = await own_facts(workshop), workshop.runner.asker.pictures

    question = await workshop.runner.asker.prepare(Comparing((blue, red)), facts)
    alone = await workshop.runner.asker.prepare(TitleStage(), facts)
    assert question.companions == (
        Shown("BLUE", await store.rendition(blue.path, blue.content_hash)),
        Shown("RED", await store.rendition(red.path, red.content_hash)),
    )
    assert (question.rendition, alone.companions) == (alone.rendition, ())

    assert await comparing(workshop, blue, red).run(await workshop.claim()) is Ended.FINISHED
    assert [(call["job"], call["pictures"]) for call in await workshop.calls()] == [(CAPTION, 1), (TITLE, 3)]


@pytest.mark.parametrize("change", ["other bytes", "no picture", "gone"])
async def test_a_changed_picture_of_another_medium_is_no_fault_of_this_one(workshop: Workshop, change: str) -> None:
    blue = put(workshop, "blue", "blue")
    facts, file = await own_facts(workshop), workshop.folder / blue.path
    if change == "gone":
        file.unlink()
    elif change == "other bytes":
        put(workshop, "blue", "navy")
    else:
        file.write_bytes(b"no picture")
        blue = replace(blue, content_hash=hashlib.sha256(b"no picture").hexdigest())
    with pytest.raises(Transient, match="companion_changed") as failure:
        await workshop.runner.asker.prepare(Comparing((blue,)), facts)
    assert isinstance(failure.value.__cause__, Stale if change == "other bytes" else Invalid)


async def test_a_store_that_is_away_is_waited_for(workshop: Workshop) -> None:
    """The medium's own rendition is still there; the other's would have to be made."""
    blue = put(workshop, "blue", "blue")
    facts = await own_facts(workshop)
    workshop.folder.rename(workshop.folder.with_name("away"))
    with pytest.raises(Unavailable):
        await workshop.runner.asker.prepare(Comparing((blue,)), facts)


async def test_a_job_waits_for_another_medium_three_times_and_no_longer(workshop: Workshop) -> None:
    """20: attempts like any other, with a pause in between; neither a call nor another look at its own picture."""
    blue = put(workshop, "blue", "blue")
    put(workshop, "blue", "navy")
    runner, work = comparing(workshop, blue), await workshop.claim()
    for attempt in (1, 2):
        assert await runner.run(work) is Ended.POSTPONED
        verdict = await workshop.ledger.verdict(1, TITLE)
        assert (verdict["status"], verdict["attempt"]) == ("due", attempt)
        assert await workshop.ledger.pool.fetchval("SELECT run_at > now() FROM bildwerk.media")
        for table in ("media", "jobs"):
            await workshop.ledger.pool.execute(f"UPDATE bildwerk.{table} SET run_at = now()")  # noqa: S608
        await workshop.ledger.pool.execute("UPDATE bildwerk.slots SET owner = NULL, until = NULL")
        work = await workshop.claim()
    assert await runner.run(work) is Ended.FINISHED

    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("failed", "companion_changed")}
    assert [call["job"] for call in await workshop.calls()] == [CAPTION]
    runs = await workshop.ledger.pool.fetch("SELECT reason FROM bildwerk.runs WHERE job_type = $1", TITLE)
    assert [run["reason"] for run in runs] == ["companion_changed"] * 3


async def test_it_goes_on_when_the_other_picture_is_back(workshop: Workshop) -> None:
    blue = put(workshop, "blue", "blue")
    put(workshop, "blue", "navy")
    runner = comparing(workshop, blue)
    assert await runner.run(await workshop.claim()) is Ended.POSTPONED

    assert put(workshop, "blue", "blue") == blue
    for table in ("media", "jobs"):
        await workshop.ledger.pool.execute(f"UPDATE bildwerk.{table} SET run_at = now()")  # noqa: S608
    await workshop.ledger.pool.execute("UPDATE bildwerk.slots SET owner = NULL, until = NULL")
    assert await runner.run(await workshop.claim()) is Ended.FINISHED
    assert (await workshop.shown())[TITLE] == ("done", "")


async def test_a_store_that_is_away_keeps_no_other_job_waiting(workshop: Workshop) -> None:
    """Its own picture is there: what does not look at the other one is done, and that job waits for the store."""
    blue = put(workshop, "blue", "blue")
    away = replace(blue, path=f"scans:{blue.path}")
    planner = Planner(Chain((load_stages()[0], ComparingTags(companions=(away,)), TitleStage())))
    workshop.ledger.planner = planner
    runner = replace(workshop.runner, finisher=Finisher(planner))
    before = await workshop.ledger.pool.fetchval("SELECT now()")
    assert await runner.run(await workshop.claim()) is Ended.POSTPONED

    shown = await workshop.shown()
    assert [shown[name] for name in (CAPTION, TAGS, TITLE)] == [("done", ""), ("due", ""), ("done", "")]
    assert (await workshop.ledger.verdict(1, TAGS))["attempt"] == 0
    assert [call["job"] for call in await workshop.calls()] == [CAPTION, TITLE]
    waiting = "SELECT run_at >= $1::timestamptz + interval '2 s' AND owner IS NULL FROM bildwerk.media"
    assert await workshop.ledger.pool.fetchval(waiting, before)

    scans = workshop.folder.with_name("scans")
    scans.mkdir()
    (workshop.folder / blue.path).rename(scans / blue.path)
    store = workshop.runner.asker.pictures
    assert isinstance(store, Store)
    store.breakers.clear()
    await workshop.ledger.pool.execute("UPDATE bildwerk.media SET run_at = now()")
    assert await runner.run(await workshop.claim()) is Ended.FINISHED
    assert (await workshop.shown())[TAGS] == ("done", "")


async def test_whoever_is_told_to_stop_leaves_what_is_due_in_line(workshop: Workshop) -> None:
    """A job was passed over, and another one is not asked any more: somebody else may do that at once."""
    away = replace(put(workshop, "blue", "blue"), path="scans:blue.png")
    planner = Planner(Chain((load_stages()[0], ComparingTags(companions=(away,)), TitleStage())))
    workshop.ledger.planner = planner
    claimed = await workshop.claim()
    work = Work(claimed.claim, lambda: bool(work.passed))
    assert await replace(workshop.runner, finisher=Finisher(planner)).run(work) is Ended.FINISHED

    assert (await workshop.shown())[TITLE] == ("due", "")
    assert await workshop.ledger.pool.fetchval("SELECT run_at <= now() FROM bildwerk.media")
