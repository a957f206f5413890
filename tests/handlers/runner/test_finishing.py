"""The one transaction that makes an answer the truth: fences, people's values, failures."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from db import leases, runs
from db.runs import Outcome
from handlers.failures import BadAnswer, Failure, Transient, Unavailable
from handlers.runner.finishing import Failed, Finished, Finisher
from handlers.runner.planning import Force
from handlers.runner.writing import MarkMoved
from tests.ledger import Ledger, captioned

CAPTION, TITLE = "ollama_caption", "ollama_title"


async def outcome(ledger: Ledger, run_id: int) -> Outcome | None:
    async with ledger.pool.acquire() as connection:
        return await runs.find_outcome(connection, run_id)


async def test_an_answer_is_written_told_and_makes_the_next_stage_due(ledger: Ledger) -> None:
    """18, I4: effects, verdict, event and plan are one transaction."""
    media_id = await ledger.add()
    lease = await ledger.claim()
    job = await ledger.start(lease, CAPTION)

    assert Finished.SETTLED is await ledger.finish(job, captioned())

    assert (await ledger.meta(media_id))["ollama.caption"] == "A cat on a mat."
    assert (await ledger.verdict(media_id, CAPTION))["status"] == "done"
    assert (await ledger.verdict(media_id, TITLE))["status"] == "due"
    assert await ledger.events() == [(CAPTION, "done", 0)]
    assert Outcome.DONE is await outcome(ledger, job.run_id)


async def test_what_tells_of_the_last_run_is_that_of_the_last_run(ledger: Ledger) -> None:
    """J1: `ollama.model` and `ollama.last_run_at` are ours and move with every run; a person's hand stays."""
    media_id = await ledger.add()
    for number, expected in enumerate(["model-0", "model-1", "mine"]):
        await forced(ledger, media_id, cascade=False)
        if expected == "mine":
            await ledger.pool.execute("UPDATE media_meta SET value = '\"mine\"' WHERE key = 'ollama.model'")
        lease = await ledger.claim()
        job = replace(await ledger.start(lease, CAPTION), model=f"model-{number}")
        await ledger.finish(job, captioned(f"A cat on a mat, number {number}."))
        await ledger.release(lease)

        assert expected == await ledger.pool.fetchval("SELECT value FROM media_meta WHERE key = 'ollama.model'")


async def test_the_same_answer_twice_is_one_effect(ledger: Ledger) -> None:
    """P3, I1: a blind retry after an unknown commit settles nothing again."""
    media_id = await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)
    await ledger.finish(job, captioned())

    assert Finished.SUPERSEDED is await ledger.finish(job, captioned("Something else altogether."))
    assert (await ledger.meta(media_id))["ollama.caption"] == "A cat on a mat."
    assert await ledger.events() == [(CAPTION, "done", 0)]
    assert Outcome.DONE is await outcome(ledger, job.run_id)


async def test_an_answer_under_a_lost_lease_is_dropped(ledger: Ledger) -> None:
    """23, I8: the lease number is the fence, however late its owner wakes up."""
    media_id = await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)
    await ledger.pool.execute("UPDATE bildwerk.media SET until = now() - interval '1 s'")
    assert media_id == (await ledger.claim()).media_id

    assert Finished.LEASE_LOST is await ledger.finish(job, captioned())
    assert await ledger.meta(media_id) == {}
    assert Outcome.SUPERSEDED is await outcome(ledger, job.run_id)


async def test_an_expired_lease_that_nobody_took_still_finishes(ledger: Ledger) -> None:
    """P8: no look at until in the fence; it would only drop good answers."""
    media_id = await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)
    await ledger.pool.execute("UPDATE bildwerk.media SET until = now() - interval '1 h'")

    assert Finished.SETTLED is await ledger.finish(job, captioned())
    assert (await ledger.verdict(media_id, CAPTION))["status"] == "done"


async def test_an_answer_for_other_pixels_is_dropped(ledger: Ledger) -> None:
    """24, P2, I9: the medium is planned in the same transaction and due again for the new picture."""
    media_id = await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)
    await ledger.inspect(media_id, "f2")

    assert Finished.SUPERSEDED is await ledger.finish(job, captioned())
    assert await ledger.meta(media_id) == {}
    verdict = await ledger.verdict(media_id, CAPTION)
    assert (verdict["status"], verdict["generation"]) == ("due", 1)


async def test_an_answer_for_an_older_generation_is_dropped(ledger: Ledger) -> None:
    """24, I9: a force during the call asks for a new answer."""
    media_id = await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)
    await ledger.plan(media_id, Force("force-1", (CAPTION,)))

    assert Finished.SUPERSEDED is await ledger.finish(job, captioned())
    assert await ledger.meta(media_id) == {}
    assert await ledger.events() == []


async def test_a_touched_row_costs_no_answer(ledger: Ledger) -> None:
    """P5: the mark moved, the bytes did not; the mark is stored and the job settled."""
    media_id = await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)
    await ledger.touch(media_id)

    with pytest.raises(MarkMoved) as moved:
        await ledger.finish(job, captioned())
    assert await ledger.meta(media_id) == {}
    assert Finished.SETTLED is await ledger.finish(job, captioned(), mark=moved.value.mark)
    assert moved.value.mark == await ledger.pool.fetchval("SELECT inspected_mark FROM bildwerk.media")
    assert (await ledger.verdict(media_id, TITLE))["status"] == "due"


async def test_a_deleted_medium_takes_no_answer(ledger: Ledger) -> None:
    """I9: nothing is written for a medium that is gone."""
    media_id = await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)
    await ledger.pool.execute("DELETE FROM media")
    await ledger.plan(media_id)

    assert Finished.LEASE_LOST is await ledger.finish(job, captioned())
    assert (await ledger.verdict(media_id, CAPTION))["reason"] == "media_deleted"
    assert await ledger.meta(media_id) == {}


BY_A_PERSON = {
    "written": "INSERT INTO media_meta VALUES ($1, 'ollama.caption', '\"mine\"')",
    "edited": "UPDATE media_meta SET value = '\"mine\"' WHERE media_id = $1 AND key = 'ollama.caption'",
    "deleted": "DELETE FROM media_meta WHERE media_id = $1 AND key = 'ollama.caption'",
    "locked": "INSERT INTO media_meta VALUES ($1, 'locks', '[\"caption\"]')",
}


async def forced(ledger: Ledger, media_id: int, *, cascade: bool) -> None:
    await ledger.plan(media_id, Force(f"force-{uuid4()}", (CAPTION,), cascade=cascade))


@pytest.mark.parametrize("cascade", [False, True])
@pytest.mark.parametrize("what", ["edited", "deleted", "locked"])
async def test_what_a_person_did_before_stands_against_force(ledger: Ledger, what: str, cascade: bool) -> None:
    """I17, R6: the caption is not even asked for; nothing of the person's is touched."""
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await ledger.pool.execute(BY_A_PERSON[what], media_id)
    await ledger.pool.execute("DELETE FROM media_meta WHERE key = 'ollama.description'")
    before = await ledger.meta(media_id)
    await forced(ledger, media_id, cascade=cascade)

    assert (await ledger.verdict(media_id, CAPTION))["status"] == "skipped"
    assert before == await ledger.meta(media_id)


@pytest.mark.parametrize("force", [False, True])
async def test_a_caption_written_by_a_person_stays(ledger: Ledger, force: bool) -> None:
    """I17: only the missing description is written beside it."""
    media_id = await ledger.add()
    await ledger.pool.execute(BY_A_PERSON["written"], media_id)
    await ledger.plan(media_id)
    if force:
        await forced(ledger, media_id, cascade=False)
    job = await ledger.start(await ledger.claim(), CAPTION)

    await ledger.finish(job, captioned())

    assert await ledger.meta(media_id) == {"ollama.caption": "mine", "ollama.description": "A cat on a mat. It sleeps."}
    assert (await ledger.verdict(media_id, CAPTION))["reason"] == "kept"


@pytest.mark.parametrize("cascade", [False, True])
@pytest.mark.parametrize("what", ["edited", "deleted", "locked"])
async def test_what_a_person_does_during_a_forced_call_stands(ledger: Ledger, what: str, cascade: bool) -> None:
    """I17, P17: lock and last value are tested in the writing statement."""
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await forced(ledger, media_id, cascade=cascade)
    job = await ledger.start(await ledger.claim(), CAPTION)
    await ledger.pool.execute(BY_A_PERSON[what], media_id)
    before = await ledger.meta(media_id)

    await ledger.finish(job, captioned("A dog in the fog."))

    after = await ledger.meta(media_id)
    assert before.get("ollama.caption") == after.get("ollama.caption")
    assert after["ollama.description"] == "A dog in the fog. It sleeps."
    assert (await ledger.verdict(media_id, CAPTION))["reason"] == "kept"


async def test_what_a_person_writes_during_the_first_call_stands(ledger: Ledger) -> None:
    """I17: an insert that comes first wins."""
    media_id = await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)
    await ledger.pool.execute(BY_A_PERSON["written"], media_id)

    await ledger.finish(job, captioned())

    assert (await ledger.meta(media_id))["ollama.caption"] == "mine"


async def test_force_makes_our_own_values_anew_once(ledger: Ledger) -> None:
    """13, 14, P21: the same force id again is a plain plan."""
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await ledger.plan(media_id, Force("once", (CAPTION,)))
    await ledger.caption(media_id, "A dog in the fog.")
    await ledger.plan(media_id, Force("once", (CAPTION,)))

    assert (await ledger.meta(media_id))["ollama.caption"] == "A dog in the fog."
    assert await ledger.events() == [(CAPTION, "done", 0), (CAPTION, "done", 1)]
    assert (await ledger.verdict(media_id, CAPTION))["status"] == "done"


async def test_new_pixels_replace_our_values(ledger: Ledger) -> None:
    """A value of ours from other pixels counts as absent."""
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await ledger.inspect(media_id, "f2")
    await ledger.caption(media_id, "A dog in the fog.")

    assert (await ledger.meta(media_id))["ollama.caption"] == "A dog in the fog."


async def test_a_bad_answer_fails_at_once_and_persists_nothing(ledger: Ledger) -> None:
    """19, J1: job error, nothing but the run record; what comes after goes on (R8)."""
    media_id = await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)

    await ledger.finish(job, Failed(BadAnswer("not_json", "it said: hello", raw="hello")))

    verdict = await ledger.verdict(media_id, CAPTION)
    assert (verdict["status"], verdict["reason"]) == ("failed", "not_json")
    assert verdict["last_error"] == {"kind": "bad_answer", "reason": "not_json", "detail": "it said: hello"}
    assert await ledger.meta(media_id) == {}
    assert (await ledger.verdict(media_id, TITLE))["status"] == "due"
    assert await ledger.pool.fetchval("SELECT raw_answer FROM bildwerk.runs WHERE id = $1", job.run_id) == "hello"


async def test_what_postgresql_cannot_hold_is_replaced(ledger: Ledger) -> None:
    """L8: NUL and lone surrogates in a model's answer do not turn its failure into a bug."""
    await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)

    await ledger.finish(job, Failed(BadAnswer("not_json", "it said \x00\ud800", raw="\x00\ud800")))

    assert await ledger.pool.fetchval("SELECT raw_answer FROM bildwerk.runs") == "\ufffd?"


async def test_transient_failures_are_tried_again_and_bounded(ledger: Ledger) -> None:
    """20, 21, I11: three tries in all, each later than the one before."""
    media_id = await ledger.add()
    seen = []
    for _ in range(3):
        await ledger.pool.execute("UPDATE bildwerk.media SET run_at = now()")
        lease = await ledger.claim()
        await ledger.finish(await ledger.start(lease, CAPTION), Failed(Transient("reset")))
        await ledger.release(lease)
        verdict = await ledger.verdict(media_id, CAPTION)
        seen.append((verdict["status"], verdict["attempt"]))

    assert seen == [("due", 1), ("due", 2), ("failed", 0)]
    assert await ledger.events() == [(CAPTION, "failed", 0)]


@pytest.mark.parametrize("failure", [Unavailable("refused"), Unavailable("model_missing")])
async def test_a_host_that_is_away_is_no_failed_try(ledger: Ledger, failure: Failure) -> None:
    """22, R5: nothing changes but the note of what went wrong."""
    media_id = await ledger.add()
    before = dict(await ledger.verdict(media_id, CAPTION))
    job = await ledger.start(await ledger.claim(), CAPTION)

    assert Finished.POSTPONED is await ledger.finish(job, Failed(failure))
    after = dict(await ledger.verdict(media_id, CAPTION))
    assert failure.reason == after["last_error"]["reason"]
    assert before == {**after, "last_error": None}
    assert await ledger.events() == []


async def test_a_retry_waits_although_other_plans_come(ledger: Ledger) -> None:
    """P14: an event in between does not bring the next try forward."""
    media_id = await ledger.add()
    lease = await ledger.claim()
    await ledger.finish(await ledger.start(lease, CAPTION), Failed(Transient("reset")))
    await ledger.release(lease)
    await ledger.plan(media_id)

    async with ledger.pool.acquire() as connection:
        assert await leases.claim(connection, uuid4(), timedelta(seconds=60), [("host:1", 4)]) is None


async def test_without_planning_the_event_is_newer_than_the_row(ledger: Ledger) -> None:
    """P19: our own completion is then what makes the next stage due."""
    media_id = await ledger.add()
    plan_no = await ledger.pool.fetchval("SELECT plan_no FROM bildwerk.media")
    job = await ledger.start(await ledger.claim(), CAPTION)

    await ledger.finish(job, captioned(), Finisher(ledger.planner, plan_in_finish=False))

    assert (await ledger.verdict(media_id, TITLE))["status"] == "waiting"
    assert plan_no == await ledger.pool.fetchval("SELECT plan_no FROM bildwerk.media")
    told = await ledger.pool.fetchval("SELECT (payload ->> 'plan_no')::int FROM bildwerk.outbox")
    assert plan_no + 1 == told
    await ledger.plan(media_id)
    assert (await ledger.verdict(media_id, TITLE))["status"] == "due"


async def test_lost_leases_are_counted_at_the_claim_and_forgotten_at_a_finish(ledger: Ledger) -> None:
    """P25."""
    await ledger.add()
    for lost in range(3):
        lease = await ledger.claim()
        assert lost == lease.lost
        await ledger.pool.execute("UPDATE bildwerk.media SET until = now() - interval '1 s'")
    await ledger.finish(await ledger.start(await ledger.claim(), CAPTION), captioned())

    assert await ledger.pool.fetchval("SELECT lost FROM bildwerk.media") == 0
