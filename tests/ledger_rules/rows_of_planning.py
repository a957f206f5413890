"""Rows 1 to 11 of the table: what a plan makes of a job."""

from collections.abc import AsyncIterator

from handlers.failures import BadAnswer, Transient
from handlers.runner.finishing import Failed
from tests.ledger_rules.bench import AGAIN, Bench
from tests.ledger_rules.steps import HERE, NEVER
from tests.ledger_rules.transition import SAME, Becomes, row

BROKEN = Failed(BadAnswer("not_json"))


async def new(bench: Bench) -> None:
    """A new medium that was looked at: a is due."""
    await bench.upload()
    await bench.look()


async def done(bench: Bench, *names: str) -> None:
    """A new medium whose first jobs are done."""
    await new(bench)
    for name in names:
        await bench.do(name)


@row(1, Becomes("due", "", anew=True))
async def the_first_stage_is_due(bench: Bench) -> AsyncIterator[None]:
    await bench.upload()
    yield
    await bench.look()


@row(1, Becomes("skipped", "present", told=True, anew=True))
async def the_first_stage_is_satisfied(bench: Bench) -> AsyncIterator[None]:
    await bench.upload()
    await bench.put("a", HERE)
    yield
    await bench.look()


@row(2, Becomes("waiting", "upstream", anew=True), "b")
async def who_comes_after_waits(bench: Bench) -> AsyncIterator[None]:
    await bench.upload()
    yield
    await bench.look()


@row(2, Becomes("waiting", "upstream"), "c")
async def an_upstream_of_an_upstream_is_open(bench: Bench) -> AsyncIterator[None]:
    """P12: b is terminal, a is not."""
    await done(bench, "a")
    await bench.put("b", HERE)
    await bench.plan()
    yield
    await bench.plan(AGAIN)


@row(3, Becomes("due", ""), "b")
async def its_upstreams_are_terminal(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.put("a", HERE)
    yield
    await bench.plan()


@row(4, Becomes("skipped", "present", told=True))
async def it_is_satisfied(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.put("a", HERE)
    yield
    await bench.plan()


@row(4, Becomes("due", "forced", forced=True))
async def it_is_satisfied_and_forced(bench: Bench) -> AsyncIterator[None]:
    """P13: force overrides Satisfied."""
    await done(bench, "a")
    await bench.plan(AGAIN)
    await bench.put("a", HERE)
    yield
    await bench.plan()


@row(5, Becomes("skipped", "kept_for_person", told=True))
async def it_is_impossible_and_forced(bench: Bench) -> AsyncIterator[None]:
    """P13: a force that ends skipped is used up."""
    await done(bench, "a")
    await bench.plan(AGAIN)
    await bench.put("a", NEVER)
    yield
    await bench.plan()


@row(6, Becomes("due", "", generation=1, anew=True))
async def it_was_done_with_other_pixels(bench: Bench) -> AsyncIterator[None]:
    """P9, P10."""
    await done(bench, "a")
    yield
    await bench.look("f2")


@row(6, Becomes("due", "", generation=1, anew=True))
async def it_failed_with_another_trigger(bench: Bench) -> AsyncIterator[None]:
    """P10."""
    await new(bench)
    await bench.do("a", BROKEN)
    await bench.put("a.trigger", "moved")
    yield
    await bench.plan()


@row(6, Becomes("due", "", generation=1, anew=True))
async def it_was_to_be_tried_again_later(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.do("a", Failed(Transient("reset")))
    yield
    await bench.look("f2")
    assert (await bench.ledger.verdict(bench.media_id, "a"))["run_at"] is None
    row_now = await bench.row()
    assert row_now["run_at"] <= row_now["now"]


@row(7, SAME)
async def it_is_done_and_planned_again(bench: Bench) -> AsyncIterator[None]:
    """P11: whatever its condition would say."""
    await done(bench, "a")
    await bench.put("a", HERE)
    yield
    await bench.plan()


@row(7, SAME)
async def it_failed_and_is_planned_again(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.do("a", BROKEN)
    yield
    await bench.plan()


@row(7, SAME, "b")
async def it_is_done_and_its_upstream_is_done_again(bench: Bench) -> AsyncIterator[None]:
    """P16: no job runs again because what came before it did."""
    await done(bench, "a", "b")
    await bench.plan(AGAIN)
    yield
    await bench.do("a")


@row(8, SAME, "b")
async def it_is_skipped_and_an_upstream_opens(bench: Bench) -> AsyncIterator[None]:
    await done(bench, "a")
    await bench.put("b", HERE)
    await bench.plan()
    yield
    await bench.plan(AGAIN)


@row(9, SAME)
async def it_is_skipped_for_the_same_reason(bench: Bench) -> AsyncIterator[None]:
    """P11: the same verdict again is no event."""
    await new(bench)
    await bench.put("a", HERE)
    await bench.plan()
    yield
    await bench.plan()


@row(9, Becomes("skipped", "kept_for_person", told=True))
async def it_is_skipped_for_another_reason(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.put("a", HERE)
    await bench.plan()
    await bench.put("a", NEVER)
    yield
    await bench.plan()


@row(10, Becomes("due", ""), "b")
async def it_was_skipped_and_is_due(bench: Bench) -> AsyncIterator[None]:
    """P11: a failed, b was skipped; a is done after all, then b must run."""
    await new(bench)
    await bench.put("b", NEVER)
    await bench.do("a", BROKEN)
    await bench.retry("a")
    await bench.put("b", None)
    yield
    await bench.do("a")


@row(11, SAME)
async def it_is_due_and_tried_already(bench: Bench) -> AsyncIterator[None]:
    """P14: attempt and moment survive a plan that changes nothing."""
    await new(bench)
    await bench.do("a", Failed(Transient("reset")))
    before = await bench.ledger.verdict(bench.media_id, "a")
    yield
    await bench.plan()
    assert (await bench.ledger.verdict(bench.media_id, "a"))["run_at"] == before["run_at"]
    assert (await bench.row())["run_at"] == before["run_at"] > (await bench.row())["now"]


@row(11, SAME, "b")
async def it_waits_and_goes_on_waiting(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    yield
    await bench.plan()
