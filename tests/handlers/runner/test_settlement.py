"""What a finish hands to the next job of its medium, instead of a look of that job's own."""

from dataclasses import replace

import pytest

from handlers.failures import BadAnswer, Stale, Transient
from handlers.runner.finishing import Failed, Finished, Finisher, Result, Settlement
from handlers.runner.planning import Force
from tests.ledger import Ledger, captioned

CAPTION = "ollama_caption"


async def settle(ledger: Ledger, result: Result, *, plan_in_finish: bool = True) -> Settlement:
    """Claim, start and finish a caption that is forced, in a transaction that commits."""
    media_id = await ledger.add()
    await ledger.plan(media_id, Force("now", (CAPTION,)))
    job = await ledger.start(await ledger.claim(), CAPTION)
    finisher = Finisher(ledger.planner, plan_in_finish=plan_in_finish)
    async with ledger.pool.acquire() as connection, connection.transaction():
        return await finisher.finish(connection, job, result)


@pytest.mark.parametrize("result", [captioned(), Failed(BadAnswer("not_json"))], ids=["good", "bad"])
async def test_it_is_what_would_be_read_after_the_commit(ledger: Ledger, result: Result) -> None:
    """Facts with our own writes, verdicts, the forces left and the ledger's own row; only the clock went on."""
    finished, after = await settle(ledger, result)
    (read,) = await ledger.planner.load(ledger.pool, [1])
    assert finished is Finished.SETTLED
    assert after is not None
    assert replace(after, now=read.now) == read
    draft = ledger.planner.draft_medium(read)
    assert not draft.verdicts
    assert draft.row == read.known


@pytest.mark.parametrize("failure", [Transient("reset"), Stale("content_changed")], ids=["postponed", "superseded"])
async def test_a_run_that_ends_hands_nothing_on(ledger: Ledger, failure: Transient | Stale) -> None:
    assert (await settle(ledger, Failed(failure))).after is None


async def test_what_was_not_planned_is_read_anew(ledger: Ledger) -> None:
    """With planning in the finish switched off, its event does that."""
    assert await settle(ledger, captioned(), plan_in_finish=False) == Settlement(Finished.SETTLED, None)
