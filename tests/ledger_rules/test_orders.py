"""All orders of two transactions on a real PostgreSQL, with a barrier at every statement."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from handlers.runner.planning import Planner
from tests.ledger import Ledger
from tests.ledger_rules import pairs_of_finishing, pairs_of_leasing, pairs_of_people
from tests.ledger_rules.barriers import Order, Stage, next_turns, open_stage
from tests.ledger_rules.bench import Bench
from tests.ledger_rules.invariants import check
from tests.ledger_rules.pairs import PAIRS, Pair, read_state
from tests.ledger_rules.states import keep
from tests.ledger_rules.steps import CHAIN

PLAYED = (pairs_of_finishing, pairs_of_leasing, pairs_of_people)
MOST = 400


@pytest_asyncio.fixture
async def stage(shared_database: str) -> AsyncIterator[Stage]:
    async with open_stage(shared_database) as opened:
        yield opened


@pytest.fixture
def bench(ledger: Ledger) -> Bench:
    return Bench(replace(ledger, planner=Planner(CHAIN)))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.id)
async def test_every_order_of_two_keeps_the_ledger_true(
    pair: Pair, bench: Bench, stage: Stage, figure: Callable[[str], None]
) -> None:
    """F22, P1-P3, P6, P8, P17, P20, P22: invariants after each order, and never what two in a row cannot give."""
    acts = await pair.arrange(bench)
    again = await keep(stage.watcher)
    turns: tuple[int, ...] | None = ()
    states: list[str] = []
    came: dict[str, Order] = {}
    while turns is not None:
        await stage.watcher.execute(again)
        order = await stage.play(acts, turns, re.compile(pair.stops))
        assert len(states) < MOST, "so many orders that nobody waits for them: give it `stops`"
        await _judge(pair, bench, order)
        states.append(await read_state(bench))
        came.setdefault(states[-1], order)
        turns = next_turns(order.turns)
    figure(f"{len(states)} orders, {len(came)} outcomes")
    if pair.serial:
        odd = [came[state] for state in came.keys() - {states[0], states[-1]}]
        assert odd == [], "what no order without overlap comes to"


async def _judge(pair: Pair, bench: Bench, order: Order) -> None:
    try:
        if not pair.relayed:
            await check(bench.ledger.pool, bench.ledger.planner.chain)
        await pair.verify(bench, order)
    except AssertionError as error:
        error.add_note(f"turns {order.turns}\n" + "\n".join(order.steps))
        raise
