"""Rows 30 to 34 of the table: what is awaited, made anew because of others, or not to be done at all."""

from collections.abc import AsyncIterator
from dataclasses import replace

from handlers.chain import Chain
from handlers.failures import Transient
from handlers.runner.finishing import Failed
from handlers.runner.planning import Planner
from tests.ledger_rules.bench import AGAIN, Bench
from tests.ledger_rules.rows_of_planning import done, new
from tests.ledger_rules.steps import BY_RULE, HERE, SOON, Step
from tests.ledger_rules.transition import SAME, Becomes, row

SKIP = "bildwerk.skip"


@row(30, Becomes("waiting", "duplicates", attempt=1))
async def it_is_being_found_out(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.do("a", Failed(Transient("reset")))
    await bench.put("a", SOON)
    yield
    await bench.plan()


@row(30, SAME)
async def it_is_being_found_out_and_was_skipped(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.put("a", HERE)
    await bench.plan()
    await bench.put("a", SOON)
    yield
    await bench.plan()


@row(31, Becomes("due", "neighbours", generation=1))
async def others_changed_what_its_facts_give(bench: Bench) -> AsyncIterator[None]:
    """Nothing of its own changed: same fingerprint."""
    bench.ledger = replace(bench.ledger, planner=Planner(Chain((Step("a", neighbourly=True), Step("b", after=("a",))))))
    await done(bench, "a")
    await bench.put("a", BY_RULE)
    yield
    await bench.plan()


@row(32, Becomes("skipped", "opted_out", told=True))
async def it_is_not_to_be_done(bench: Bench) -> AsyncIterator[None]:
    """P26, P13: not even by force."""
    await done(bench, "a")
    await bench.plan(AGAIN)
    await bench.put(SKIP, value=True)
    yield
    await bench.plan()


@row(32, SAME)
async def it_is_done_and_not_to_be_done_any_more(bench: Bench) -> AsyncIterator[None]:
    await done(bench, "a")
    await bench.put(SKIP, value=True)
    yield
    await bench.plan()


@row(33, Becomes("skipped", "opted_out", told=True))
async def nothing_is_to_be_done_and_nobody_looked(bench: Bench) -> AsyncIterator[None]:
    """P7: nobody need look, either."""
    await bench.upload()
    await bench.put(SKIP, value=True)
    yield
    await bench.plan()
    assert (await bench.row())["inspect_at"] is None


@row(34, Becomes("due", ""))
async def it_is_to_be_done_after_all(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.put(SKIP, value=True)
    await bench.plan()
    await bench.put(SKIP, None)
    yield
    await bench.plan()
