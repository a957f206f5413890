"""Rows 12 to 16 of the table: what another mark, a force or a retry makes of a job."""

from collections.abc import AsyncIterator

from handlers.failures import Transient
from handlers.runner.finishing import Failed
from handlers.runner.planning import Force
from tests.ledger_rules.bench import AGAIN, Bench
from tests.ledger_rules.rows_of_planning import BROKEN, done, new
from tests.ledger_rules.steps import HERE
from tests.ledger_rules.transition import SAME, Becomes, row


@row(12, SAME)
async def it_is_due_under_another_mark(bench: Bench) -> AsyncIterator[None]:
    """P7: not claimable, and nothing else."""
    await new(bench)
    yield
    await bench.ledger.touch(bench.media_id)
    await bench.put("a", HERE)
    await bench.plan()
    assert (await bench.row())["due"] == []


@row(12, SAME)
async def it_is_done_under_another_mark(bench: Bench) -> AsyncIterator[None]:
    await done(bench, "a")
    yield
    await bench.ledger.touch(bench.media_id)
    await bench.plan()
    assert (await bench.row())["due"] == []


@row(13, Becomes("due", "forced", generation=1, forced=True))
async def it_is_done_and_forced(bench: Bench) -> AsyncIterator[None]:
    """P10, P13."""
    await done(bench, "a")
    yield
    await bench.plan(AGAIN)


@row(13, Becomes("due", "forced", generation=1, forced=True))
async def it_was_tried_and_is_forced(bench: Bench) -> AsyncIterator[None]:
    """P13: a new generation, with all its tries."""
    await new(bench)
    await bench.do("a", Failed(Transient("reset")))
    yield
    await bench.plan(AGAIN)


@row(13, Becomes("waiting", "upstream", forced=True, generation=1), "b")
async def it_is_forced_and_has_to_wait(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    yield
    await bench.plan(Force("again", ("b",)))


@row(14, SAME)
async def the_force_is_known(bench: Bench) -> AsyncIterator[None]:
    """P13, P21: honoured once, however often it comes."""
    await done(bench, "a")
    await bench.plan(AGAIN)
    await bench.do("a")
    yield
    await bench.plan(AGAIN)


async def everything_again(bench: Bench) -> AsyncIterator[None]:
    await done(bench, "a", "b", "c")
    yield
    await bench.plan(Force("all of it", ("a",), cascade=True))


row(15, Becomes("due", "forced", generation=1, forced=True))(everything_again)


@row(15, Becomes("waiting", "upstream", generation=1, forced=True), "c")
async def and_what_comes_after_it(bench: Bench) -> AsyncIterator[None]:
    async for _ in everything_again(bench):
        yield


@row(15, SAME)
async def but_not_what_comes_before_it(bench: Bench) -> AsyncIterator[None]:
    await done(bench, "a", "b", "c")
    yield
    await bench.plan(Force("from b", ("b",), cascade=True))


@row(16, Becomes("due", "", generation=1))
async def it_failed_and_is_retried(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.do("a", BROKEN)
    yield
    await bench.retry("a")
