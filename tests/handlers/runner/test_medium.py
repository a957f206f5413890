"""The run of one medium against a simulated Ollama in a process of its own, on real files."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from time import monotonic

import pytest
from PIL import Image
from structlog.testing import capture_logs

from contracts.facts import MediaFacts
from handlers.chain import Chain
from handlers.failures import Unavailable
from handlers.registry import load_stages
from handlers.runner.finishing import Failed, Finisher
from handlers.runner.planning import Planner
from handlers.runner.work import Ended, Work
from handlers.stage import Prompt
from handlers.stages.title import TitleStage
from tests.workshop import Workshop

CAPTION, TITLE = "ollama_caption", "ollama_title"


async def test_a_medium_is_run_from_lease_to_release(workshop: Workshop) -> None:
    """Both jobs in the order of the chain, one call each, then the medium is nobody's."""
    work = await workshop.claim()
    assert await workshop.runner.run(work) is Ended.FINISHED

    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("done", "")}
    assert [call["job"] for call in await workshop.calls()] == [CAPTION, TITLE]
    assert await workshop.ledger.pool.fetchval("SELECT owner FROM bildwerk.media") is None
    assert work.answered == 2


async def test_an_answer_cut_off_at_its_length_is_asked_for_once_more(workshop: Workshop) -> None:
    """Design 6: only length gets one retry, with more room."""
    await workshop.fail("truncated", next=1)
    await workshop.runner.run(await workshop.claim())

    assert (await workshop.shown())[CAPTION] == ("done", "")
    assert [call["job"] for call in await workshop.calls()] == [CAPTION, CAPTION, TITLE]


async def test_broken_json_fails_the_job_and_not_the_medium(workshop: Workshop) -> None:
    """J1, R8: nothing is persisted but the run record; the title is looked at all the same."""
    await workshop.fail("broken_json", next=1)
    await workshop.runner.run(await workshop.claim())

    shown = await workshop.shown()
    assert shown[CAPTION][0] == "failed"
    assert shown[TITLE] == ("done", "")
    assert "ollama.caption" not in await workshop.ledger.meta(1)


async def test_a_host_that_is_away_leaves_the_job_due(workshop: Workshop) -> None:
    """22: no attempt is burned, and the host's breaker opens."""
    work = await workshop.claim()
    await workshop.fail("refuse", seconds=60)

    assert await workshop.runner.run(work) is Ended.UNAVAILABLE
    verdict = await workshop.ledger.verdict(1, CAPTION)
    assert (verdict["status"], verdict["attempt"]) == ("due", 0)
    assert workshop.fleet.available() == []


async def test_a_reset_is_tried_again_later(workshop: Workshop) -> None:
    """20: the attempt counts, the slot is free meanwhile."""
    await workshop.fail("reset", next=1)
    assert await workshop.runner.run(await workshop.claim()) is Ended.POSTPONED

    verdict = await workshop.ledger.verdict(1, CAPTION)
    assert (verdict["status"], verdict["attempt"]) == ("due", 1)
    assert await workshop.ledger.pool.fetchval("SELECT run_at > now() FROM bildwerk.media")


async def test_a_medium_that_crashed_its_workers_too_often_is_given_up(workshop: Workshop) -> None:
    """25: the job that was next is failed without a call; the others go on."""
    work = await workshop.claim()
    crashing = replace(work.claim.medium, lost=5)
    work.claim = replace(work.claim, medium=crashing)
    await workshop.runner.run(work)

    assert await workshop.shown() == {CAPTION: ("failed", "crashed"), TITLE: ("done", "")}
    assert [call["job"] for call in await workshop.calls()] == [TITLE]


async def test_a_job_in_a_runner_crash_is_tried_again_alone(workshop: Workshop) -> None:
    """Design 6: no attempt is burned; the next try has the host for itself."""
    await workshop.fail("runner_crash", next=1)
    await workshop.runner.run(await workshop.claim())
    verdict = await workshop.ledger.verdict(1, CAPTION)
    assert (verdict["status"], verdict["reason"], verdict["attempt"]) == ("due", "alone", 0)

    await workshop.ledger.pool.execute("UPDATE bildwerk.media SET run_at = now()")
    await workshop.ledger.pool.execute("UPDATE bildwerk.jobs SET run_at = now()")
    await workshop.ledger.pool.execute("UPDATE bildwerk.slots SET owner = NULL, until = NULL, busy_until = NULL")
    work = await workshop.claim()
    assert len(work.claim.slots) == 2
    await asyncio.sleep(2.0)  # the simulated server is back after 0.7 s
    await workshop.runner.run(work)
    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("done", "")}


async def test_a_picture_that_crashes_the_runner_alone_is_poison(workshop: Workshop) -> None:
    """Design 6: its jobs are skipped, and no further call is made for it."""
    await workshop.inspector.inspect_batch()
    await workshop.ledger.pool.execute("UPDATE bildwerk.jobs SET reason = 'alone' WHERE status = 'due'")
    await workshop.ledger.pool.execute("UPDATE bildwerk.media SET alone = true")
    await workshop.fail("runner_crash", match={"media": "1"})
    await workshop.runner.run(await workshop.claim())

    skipped = ("skipped", "unreadable_picture")
    assert await workshop.shown() == {CAPTION: skipped, TITLE: skipped}
    assert len(await workshop.calls()) == 1


async def test_a_host_that_crashes_over_anything_poisons_no_picture_that_is_tried_alone(workshop: Workshop) -> None:
    """The control question crashes it, too: it is the host, and the picture goes on waiting for a try alone."""
    await workshop.inspector.inspect_batch()
    await workshop.ledger.pool.execute("UPDATE bildwerk.jobs SET reason = 'alone' WHERE status = 'due'")
    await workshop.ledger.pool.execute("UPDATE bildwerk.media SET alone = true")
    await workshop.fail("runner_crash")
    await workshop.runner.run(await workshop.claim())

    verdict = await workshop.ledger.verdict(1, CAPTION)
    assert (verdict["status"], verdict["reason"], verdict["attempt"]) == ("due", "alone", 0)
    assert await workshop.ledger.pool.fetchval("SELECT count(unreadable) FROM bildwerk.pictures") == 0


class BrokenTitle(TitleStage):
    def prompt(self, facts: MediaFacts) -> Prompt:
        raise ZeroDivisionError(facts.media_id)


async def test_a_bug_of_ours_fails_its_job_once_and_blocks_nothing(workshop: Workshop) -> None:
    """Design 6: anything else is a bug: failed, with a traceback in the log, never a loop."""
    chain = Chain((load_stages()[0], BrokenTitle()))
    finisher = Finisher(Planner(chain))
    assert await replace(workshop.runner, finisher=finisher).run(await workshop.claim()) is Ended.FINISHED

    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("failed", "bug")}


async def during_call(workshop: Workshop, what: Callable[[Work], Awaitable[None]]) -> Ended:
    """Run the medium and do something while the server is at the caption."""
    work = await workshop.claim()
    await workshop.fail("hang", next=1)
    running = asyncio.create_task(workshop.runner.run(work))
    async with asyncio.timeout(60):
        while not await workshop.is_asked():
            await asyncio.sleep(0.01)
        await what(work)
        await workshop.heal()
        return await running


async def test_a_row_touched_during_the_call_costs_no_answer(workshop: Workshop) -> None:
    """P5: the bytes are read again, the mark is stored, one call each."""
    assert await during_call(workshop, lambda _work: workshop.ledger.touch(1)) is Ended.FINISHED

    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("done", "")}
    assert len(await workshop.calls()) == 2


async def test_a_picture_replaced_during_the_call_is_looked_at_anew(workshop: Workshop) -> None:
    """P5, I9: other bytes under the new mark: nothing of the old answer is written."""

    async def replace_picture(_work: Work) -> None:
        Image.new("RGB", (64, 48), "teal").save(workshop.folder / "a.png")
        await workshop.ledger.touch(1)

    await during_call(workshop, replace_picture)
    assert "ollama.caption" not in await workshop.ledger.meta(1)
    assert await workshop.ledger.pool.fetchval("SELECT inspect_at IS NOT NULL FROM bildwerk.media")

    await workshop.runner.run(await workshop.claim())
    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("done", "")}


async def test_a_lost_lease_ends_the_call_and_its_slot_stays_taken_a_while(workshop: Workshop) -> None:
    """A worker whose heart does not beat stops asking; the server may still be reading."""
    seen: list[Work] = []

    async def lose(work: Work) -> None:
        seen.append(work)
        while work.sent_at is None:
            await asyncio.sleep(0)
        work.lose()

    assert await during_call(workshop, lose) in (Ended.LEASE_LOST, Ended.UNAVAILABLE)
    assert seen[0].busy > timedelta(0)
    assert await workshop.ledger.meta(1) == {}


async def test_a_lease_lost_before_the_call_makes_none(workshop: Workshop) -> None:
    """The heartbeat may find out while the picture is prepared."""
    work = await workshop.claim()
    stage = workshop.ledger.planner.chain.stage(CAPTION)
    (snapshot,) = await workshop.ledger.planner.load(workshop.ledger.pool, [1])
    question = await workshop.runner.asker.prepare(stage, snapshot.facts)
    work.lose()

    result = await workshop.runner.asker.ask(work, stage, snapshot.facts, question)
    assert isinstance(result, Failed)
    assert result.failure.reason == "lease_lost"
    assert await workshop.calls() == []


@pytest.mark.parametrize("end", ["lost", "told to stop", "its turn, while stopping"])
async def test_whoever_waits_for_a_turn_has_sent_nothing(workshop: Workshop, end: str) -> None:
    """A lease lost, or a signal to stop: the server reads nothing, so the slot is free, and no call is counted."""
    (host,) = workshop.fleet.ollama.hosts
    workshop.fleet.health.record(host, Unavailable("unreachable"), monotonic())
    await workshop.fleet.look()
    work, trial = await workshop.claim(), workshop.fleet._trials[host.name]
    await trial.acquire()
    with capture_logs() as logs:
        running = asyncio.create_task(workshop.runner.run(work))
        while work.call is None:
            await asyncio.sleep(0)
        if end == "lost":
            work.lose()
        else:
            work.draining = lambda: True
            work.stop_waiting() if end == "told to stop" else trial.release()
        assert await running in (Ended.LEASE_LOST, Ended.UNAVAILABLE)

    assert [entry["host"] for entry in logs if entry["event"] == "job.ended"] == [None]
    assert (work.busy, work.calls, work.called) == (timedelta(0), 0, 0.0)
    assert await workshop.calls() == []
    assert (await workshop.ledger.verdict(1, CAPTION))["attempt"] == 0


async def test_bytes_that_changed_unseen_are_not_sent(workshop: Workshop) -> None:
    """P4: no cached rendition, other bytes on disk: no call, the inspector is asked."""
    work = await workshop.claim()
    for cached in (workshop.folder.parent / "cache").rglob("*"):
        if cached.is_file():
            cached.unlink()
    Image.new("RGB", (64, 48), "teal").save(workshop.folder / "a.png")

    assert await workshop.runner.run(work) is Ended.POSTPONED
    assert await workshop.calls() == []
    assert await workshop.ledger.pool.fetchval("SELECT inspect_at IS NOT NULL FROM bildwerk.media")


async def test_a_medium_that_is_deleted_while_its_answer_is_written_is_no_bug(workshop: Workshop) -> None:
    """26: our value refers to the platform's row; the second look finds it gone."""
    pool = workshop.ledger.pool
    async with pool.acquire() as platform:
        deletion = platform.transaction()

        async def delete(_work: Work) -> None:
            await deletion.start()
            await platform.execute("DELETE FROM media")

        async def commit() -> None:
            while not await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
            await deletion.commit()

        committing = asyncio.create_task(commit())
        async with asyncio.timeout(90):
            await during_call(workshop, delete)
            await committing

    assert await workshop.shown() == {CAPTION: ("skipped", "media_deleted"), TITLE: ("skipped", "media_deleted")}


async def test_without_planning_in_the_finish_the_next_job_is_for_another_lease(workshop: Workshop) -> None:
    """Events alone carry the chain: what a worker plans by itself would go on under the same lease."""
    finisher = replace(workshop.runner.finisher, plan_in_finish=False)
    runner = replace(workshop.runner, finisher=finisher)
    assert await runner.run(await workshop.claim()) is Ended.FINISHED
    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("waiting", "upstream")}

    await workshop.ledger.plan(1)
    assert await runner.run(await workshop.claim()) is Ended.FINISHED
    assert await workshop.shown() == {CAPTION: ("done", ""), TITLE: ("done", "")}
    assert await workshop.ledger.pool.fetchval("SELECT lease_no FROM bildwerk.media") == 2
