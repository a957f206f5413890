"""Figures come into the page's table, and nowhere else."""

import pytest

from tests.acceptance.figures import Figures
from tests.chaos import report
from tests.chaos.program import Outcome
from tests.chaos.programs import PROGRAMS

PAGE = "# Faults\n\n| F | what |\n|---|---|\n| F1 | another's |\n| F3 | old |\n| F30 | another's |\n"
OUTCOME = Outcome(
    PROGRAMS["frozen-processes"], 7, False, {"stop": 50}, Figures(9, 18, 20, 0, 0, 2, 0, 0, 3, 4.4), {}, {}, 60.0, ["a"]
)


def test_a_row_is_replaced_and_those_of_others_stay() -> None:
    filled = report.fill(PAGE, [OUTCOME]).splitlines()
    old = PAGE.splitlines()
    assert [line for at, line in enumerate(filled) if line != old[at]] == [filled[5]]
    assert filled[5].endswith("| 50 x stop | 0 | 0 | 2 of 20 | 0 | 3 | 4 s |")


def test_what_is_broken_is_said() -> None:
    broken = Outcome(**{**vars(OUTCOME), "broken": {"I1 one effect": [1]}})
    assert "**broken: I1 one effect**" in report.draw_row(broken)
    assert "I1 one effect" in report.draw([broken])


def test_a_program_without_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match="F3"):
        report.fill(PAGE.replace("F3 ", "F4 "), [OUTCOME])


def test_every_program_has_a_row() -> None:
    page = report.PAGE.read_text()
    assert [p.number for p in PROGRAMS.values() if page.count(f"\n| {p.number} |") != 1] == []
