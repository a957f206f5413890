"""Rows 26 to 29 of the table: what a deletion, a purge and a return of the medium make of a job."""

from collections.abc import AsyncIterator

from tests.ledger_rules.bench import AGAIN, Bench
from tests.ledger_rules.rows_of_planning import BROKEN, done, new
from tests.ledger_rules.steps import HERE
from tests.ledger_rules.transition import SAME, Becomes, row


@row(26, Becomes("skipped", "media_deleted", told=True))
async def it_was_due_and_its_medium_goes(bench: Bench) -> AsyncIterator[None]:
    await done(bench, "a")
    await bench.plan(AGAIN)
    yield
    await bench.delete()


@row(26, Becomes("skipped", "media_deleted", told=True), "b")
async def it_waited_and_its_medium_goes(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    yield
    await bench.delete()


@row(27, SAME)
async def it_was_done_and_its_medium_goes(bench: Bench) -> AsyncIterator[None]:
    await done(bench, "a")
    yield
    await bench.delete()


@row(27, SAME)
async def it_failed_and_its_medium_goes(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.do("a", BROKEN)
    yield
    await bench.delete()


@row(27, SAME)
async def it_was_skipped_and_its_medium_goes(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.put("a", HERE)
    await bench.plan()
    yield
    await bench.delete()


@row(28, Becomes(anew=True))
async def what_was_kept_of_it_is_forgotten(bench: Bench) -> AsyncIterator[None]:
    """P22: verdict, generation, plan number and forces stay; no fingerprint ever fits again."""
    await done(bench, "a")
    await bench.plan(AGAIN)
    await bench.do("a")
    await bench.delete()
    before = await bench.row()
    yield
    await bench.purge()
    after = await bench.row()
    assert (after["lease_no"], after["plan_no"]) == (before["lease_no"] + 1, before["plan_no"])
    assert await bench.ledger.pool.fetchval("SELECT count(*) FROM bildwerk.forces") == 1


@row(29, Becomes("due", "", generation=1))
async def it_was_open_and_its_medium_is_back(bench: Bench) -> AsyncIterator[None]:
    await new(bench)
    await bench.delete()
    yield
    await bench.bring_back()


@row(29, Becomes("due", "", generation=1, anew=True))
async def it_was_done_and_its_medium_is_back_after_a_purge(bench: Bench) -> AsyncIterator[None]:
    """P22: its value went with the medium."""
    await done(bench, "a")
    await bench.delete()
    await bench.purge()
    yield
    await bench.bring_back()
