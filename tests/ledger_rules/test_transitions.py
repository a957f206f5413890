"""The table of transitions (docs/ledger.md, 2), a row a case: real planning, finishing and purging on a real ledger."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handlers.runner.planning import Planner
from tests.ledger import Ledger
from tests.ledger_rules import rows_of_choosing, rows_of_finishing, rows_of_forcing, rows_of_leaving, rows_of_planning
from tests.ledger_rules.bench import Bench
from tests.ledger_rules.invariants import TERMINAL, check, read_told
from tests.ledger_rules.steps import CHAIN
from tests.ledger_rules.transition import TRANSITIONS, Transition, compare

TABLE = Path(__file__).parents[2] / "docs" / "ledger.md"
PLAYED = {
    module.__name__
    for module in (rows_of_planning, rows_of_forcing, rows_of_finishing, rows_of_leaving, rows_of_choosing)
}
PURGED = 28
"""After a purge the tables tell less than the invariants ask for."""


@pytest.fixture
def bench(ledger: Ledger) -> Bench:
    return Bench(replace(ledger, planner=Planner(CHAIN)))


@pytest.mark.parametrize("case", TRANSITIONS, ids=lambda case: case.id)
async def test_a_row_of_the_table(case: Transition, bench: Bench) -> None:
    """I4, P1-P16, P22, P25: from, what happens, to, E; generation, fingerprint, attempt and force."""
    play = aiter(case.play(bench))
    await anext(play)
    before, told = await look(bench, case.job_type)
    with pytest.raises(StopAsyncIteration):
        await anext(play)
    after, told_then = await look(bench, case.job_type)

    compare(case.becomes, before, after)
    assert told_then[: len(told)] == told
    news = told_then[len(told) :]
    verdict = (after["status"], after["reason"], after["generation"])
    assert news == ([verdict] if case.becomes.told else [])
    assert not case.becomes.told or after["status"] in TERMINAL
    if case.row < PURGED or case.row > PURGED + 1:
        await check(bench.ledger.pool, bench.ledger.planner.chain)


async def look(bench: Bench, job_type: str) -> tuple[Any, list[tuple[str, str, int]]]:
    row = await bench.ledger.verdict(bench.media_id, job_type)
    told = await read_told(bench.ledger.pool)
    return row, told.get((bench.media_id, job_type), [])


def test_every_row_of_the_table_is_played() -> None:
    written = {int(number) for number in re.findall(r"^\| (\d+) \|", TABLE.read_text("utf-8"), re.MULTILINE)}
    assert written == {case.row for case in TRANSITIONS} == set(range(1, 35))
    assert {case.play.__module__ for case in TRANSITIONS} == PLAYED
    assert len({case.id for case in TRANSITIONS}) == len(TRANSITIONS)
