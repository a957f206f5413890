"""That the rules are measured, and what must hold of the figures."""

from bench.quality.parts import Plan
from bench.quality.policy import PART


def test_nothing_worse_is_milder_and_nothing_missing_is_publishable() -> None:
    section = PART.measure(Plan(quick=True, advance=lambda _done, _of: None))
    assert section.figures["combinations"] == 7 * 6 * 4
    assert section.figures["worse"] > 0
    assert section.figures["milder"] == 0
    assert section.figures["published"] == 0
    (table,) = section.tables
    assert all(len(row) == len(table.header) for row in table.rows)
