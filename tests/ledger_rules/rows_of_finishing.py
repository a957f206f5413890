"""Rows 17 to 25 of the table: what leases and a finish make of a job."""

from collections.abc import AsyncIterator

from handlers.failures import BadAnswer, Failure, Invalid, Transient, Unavailable
from handlers.runner.finishing import Failed, Finished
from tests.ledger_rules.bench import AGAIN, Bench
from tests.ledger_rules.rows_of_planning import done, new
from tests.ledger_rules.steps import say
from tests.ledger_rules.transition import SAME, Becomes, row

FAILED = Becomes("failed", "reset", told=True)


@row(17, SAME)
async def its_worker_claims_beats_and_lets_go(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    before = await bench.row()
    yield
    await bench.begin()
    await bench.beat()
    await bench.release()
    after = await bench.row()
    assert (after["lease_no"], after["lost"], after["owner"]) == (before["lease_no"] + 1, 0, None)
    assert (after["plan_no"], after["due"]) == (before["plan_no"], before["due"])


@row(17, SAME)
async def its_worker_dies(bench: Bench) -> AsyncIterator[None]:
    """P25: counted at the next claim; no attempt is burned."""
    await new(bench)
    yield
    await bench.begin()
    await bench.expire()
    await bench.begin()
    assert (await bench.row())["lost"] == 1


@row(18, Becomes("done", "", told=True))
async def its_answer_is_good(bench: Bench) -> AsyncIterator[None]:
    """P13, P15, P25."""
    await done(bench, "a")
    await bench.plan(AGAIN)
    await bench.begin()
    await bench.expire()
    await bench.begin()
    yield
    await bench.finish(say("anew"))
    assert bench.ended is Finished.SETTLED
    assert (await bench.row())["lost"] == 0
    assert (await bench.ledger.meta(bench.media_id))["ollama.a"] == "anew"


@row(18, Becomes("done", "kept", told=True))
async def its_field_is_a_persons(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.begin()
    await bench.put("ollama.a", "mine")
    yield
    await bench.finish()
    assert (await bench.ledger.meta(bench.media_id))["ollama.a"] == "mine"


@row(18, Becomes("due", ""), "b")
async def and_the_next_one_is_due(bench: Bench) -> AsyncIterator[None]:
    """P15: planned in the same transaction."""
    await new(bench)
    await bench.begin()
    yield
    await bench.finish()


async def fail(bench: Bench, *failures: Failure) -> AsyncIterator[None]:
    """A forced job ends like this; the last one is what happens."""
    await done(bench, "a")
    await bench.plan(AGAIN)
    *before, last = failures
    for failure in before:
        await bench.do("a", Failed(failure))
    await bench.begin()
    yield
    await bench.finish(Failed(last))


@row(19, Becomes("failed", "not_json", told=True))
async def its_answer_is_bad(bench: Bench) -> AsyncIterator[None]:
    async for _ in fail(bench, BadAnswer("not_json")):
        yield
    assert bench.ended is Finished.SETTLED


@row(19, Becomes("failed", "bad_request", told=True))
async def it_can_never_work(bench: Bench) -> AsyncIterator[None]:
    async for _ in fail(bench, Invalid("bad_request")):
        yield


@row(20, Becomes("due", "forced", attempt=1, forced=True))
async def it_may_work_in_a_moment(bench: Bench) -> AsyncIterator[None]:
    async for _ in fail(bench, Transient("reset")):
        yield
    assert bench.ended is Finished.POSTPONED
    verdict, medium = await bench.ledger.verdict(bench.media_id, "a"), await bench.row()
    assert medium["now"] < verdict["run_at"] == medium["run_at"]


@row(21, FAILED)
async def it_was_tried_often_enough(bench: Bench) -> AsyncIterator[None]:
    """P13."""
    async for _ in fail(bench, Transient("reset"), Transient("reset"), Transient("reset")):
        yield


@row(22, SAME)
async def its_host_is_away(bench: Bench) -> AsyncIterator[None]:
    """No attempt is burned."""
    async for _ in fail(bench, Transient("reset"), Unavailable("refused")):
        yield
    assert bench.ended is Finished.POSTPONED
    assert (await bench.run())["outcome"] == "unavailable"


async def superseded(bench: Bench, ended: Finished = Finished.SUPERSEDED) -> None:
    """The answer is dropped, and the run says so."""
    assert bench.ended is ended
    assert (await bench.run())["outcome"] == "superseded"
    assert (await bench.ledger.meta(bench.media_id)).get("ollama.a") in (None, "said")


@row(23, SAME)
async def its_lease_is_somebody_elses(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.begin()
    late = bench.job
    await bench.expire()
    await bench.begin()
    bench.job = late
    yield
    await bench.finish(say("too late"))
    await superseded(bench, Finished.LEASE_LOST)


@row(24, SAME)
async def it_was_settled_before(bench: Bench) -> AsyncIterator[None]:
    """P3: a blind retry after an unknown commit."""
    await new(bench)
    await bench.begin()
    await bench.finish()
    await bench.ledger.pool.execute("UPDATE bildwerk.runs SET ended_at = NULL, outcome = NULL")
    yield
    await bench.finish(say("once more"))
    await superseded(bench)
    await bench.ledger.pool.execute("UPDATE bildwerk.runs SET outcome = 'done'")  # what it was


@row(24, SAME, "b")
async def its_upstream_was_forced_meanwhile(bench: Bench) -> AsyncIterator[None]:
    """P3: it is not due any more; to settle it now would be too early."""
    await done(bench, "a")
    await bench.begin("b")
    await bench.plan(AGAIN)
    yield
    await bench.finish()
    await superseded(bench)


@row(24, Becomes("waiting", "upstream"), "b")
async def its_upstream_was_forced_under_another_mark(bench: Bench) -> AsyncIterator[None]:
    """P3, P7: it is due still, for nobody planned it; its bytes are the same, and yet it would be too early."""
    await done(bench, "a")
    await bench.begin("b")
    await bench.ledger.touch(bench.media_id)
    await bench.plan(AGAIN)
    yield
    mark = await bench.ledger.pool.fetchval("SELECT bildwerk.source_mark(path, updated_at, hash) FROM media")
    assert bench.job is not None
    bench.ended = await bench.ledger.finish(bench.job, say(), mark=mark)
    await superseded(bench)


@row(24, SAME)
async def it_was_forced_meanwhile(bench: Bench) -> AsyncIterator[None]:
    """P2, P10: its generation is another one."""
    await new(bench)
    await bench.begin()
    await bench.plan(AGAIN)
    yield
    await bench.finish(say("too late"))
    await superseded(bench)


@row(24, SAME)
async def its_pixels_were_replaced_meanwhile(bench: Bench) -> AsyncIterator[None]:
    """P2: its fingerprint is another one."""
    await new(bench)
    await bench.begin()
    await bench.look("f2")
    yield
    await bench.finish(say("too late"))
    await superseded(bench)


@row(24, Becomes("due", "", generation=1, anew=True))
async def its_trigger_moved_and_nobody_planned_since(bench: Bench) -> AsyncIterator[None]:
    """P2: the facts are read again after the lock, and planned in the same transaction."""
    await new(bench)
    await bench.begin()
    await bench.put("a.trigger", "moved")
    yield
    await bench.finish(say("too late"))
    await superseded(bench)


@row(24, Becomes("skipped", "opted_out", told=True))
async def it_is_not_to_be_done_any_more(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.begin()
    await bench.put("bildwerk.skip", value=True)
    yield
    await bench.finish(say("too late"))
    await superseded(bench)


@row(25, Becomes("failed", "crashed", told=True))
async def it_took_every_worker_along(bench: Bench) -> AsyncIterator[None]:
    """P25: whoever claims it at its limit asks nobody (tests/handlers/runner/test_medium.py) and closes it."""
    await done(bench, "a")
    await bench.plan(AGAIN)
    for _ in range(5):
        await bench.begin()
        await bench.expire()
    await bench.begin()
    yield
    await bench.close()
    assert (await bench.row())["lost"] == 0
