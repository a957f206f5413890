"""That hours of measuring are not lost by one part that breaks, or by Ctrl-C."""

import io
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from bench import displacement, prefix, report
from bench.comparison import Comparison, Plan, Round, Table
from bench.session import run_all
from handlers.inference.hosts import MAX_SLOTS, Host

WHOLE: Round = {"t": {"a": 1.0}}


def compare(name: str, *steps: Round | BaseException) -> Comparison:
    """A comparison whose rounds are these; it ends with what is raised."""

    async def measure(_plan: Plan) -> AsyncGenerator[Round, None]:
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            yield step

    return Comparison(name, "what it is about", {"t": Table("title", "ms")}, measure)


def run(folder: Path, *chosen: Comparison, more: bool = False) -> tuple[int, dict[str, int], str]:
    """The exit status, how many rounds were written of whom, and what was printed."""
    printed = io.StringIO()
    status = run_all(chosen, partial(Plan, 2), folder, Console(file=printed, width=100), more=more)
    written = {path.stem: len(json.loads(path.read_text())["rounds"]) for path in folder.glob("*.json")}
    assert {path.stem for path in folder.glob("*.svg")} == written.keys()
    return status, written, printed.getvalue()


def test_what_breaks_is_told_and_the_others_are_measured(tmp_path: Path) -> None:
    broken = compare("broken", RuntimeError("no [bold]luck"))
    halfway = compare("halfway", WHOLE, RuntimeError("it went"))

    status, written, printed = run(tmp_path, broken, halfway, compare("whole", WHOLE, WHOLE))

    assert (status, written) == (1, {"halfway": 1, "whole": 2})
    assert "RuntimeError: no [bold]luck" in printed
    assert "RuntimeError: it went" in printed


def test_where_nothing_breaks_the_status_is_0(tmp_path: Path) -> None:
    assert run(tmp_path, compare("one", WHOLE), compare("other", WHOLE))[:2] == (0, {"one": 1, "other": 1})


def test_ctrl_c_ends_them_all_and_keeps_what_was_finished(tmp_path: Path) -> None:
    stopped = compare("stopped", WHOLE, KeyboardInterrupt())
    status, written, printed = run(tmp_path, compare("before", WHOLE), stopped, compare("after", WHOLE))

    assert (status, written) == (130, {"before": 1, "stopped": 1})
    assert "stopped: only rounds that were finished are shown" in printed


def test_a_figure_that_no_table_shows_breaks_the_first_round(tmp_path: Path) -> None:
    unknown: Round = {**WHOLE, "x": {"a": 1.0}}
    with pytest.raises(ValueError, match="has no table for x"):
        report.summarise(compare("unknown"), [WHOLE, unknown])

    status, written, printed = run(tmp_path, compare("unknown", unknown, unknown))
    assert (status, written) == (1, {})
    assert "round 1" not in printed


@pytest.mark.parametrize("comparison", [prefix.COMPARISON, displacement.COMPARISON], ids=lambda one: one.name)
def test_a_real_server_may_have_any_number_of_slots(comparison: Comparison) -> None:
    for slots in (Host("").slots, 6, 16, MAX_SLOTS):
        assert any(key.startswith(f"real {slots} ") for key in comparison.tables)


def test_more_rounds_are_added_to_those_that_are_kept(tmp_path: Path) -> None:
    """Half the night is enough for three of five: the others come later, and are drawn and turned as the fourth."""
    numbers: list[int] = []

    async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
        for number in plan.numbers:
            numbers.append(number)
            yield {"t": {"a": float(number)}}

    comparison = Comparison("long", "what it is about", {"t": Table("title", "ms")}, measure)
    run(tmp_path, comparison)
    assert run(tmp_path, comparison, more=True)[:2] == (0, {"long": 4})
    assert numbers == [0, 1, 2, 3]
    kept = json.loads((tmp_path / "long.json").read_text())
    assert [one["t"]["a"] for one in kept["rounds"]] == [0.0, 1.0, 2.0, 3.0]
    assert kept["tables"]["t"]["figures"][0]["value"]["most"] == 3.0
    assert len(kept["earlier"]) == 1

    tables = {"t": Table("title", "ms"), "u": Table("only of a real server", "ms")}
    assert run(tmp_path, replace(comparison, tables=tables), more=True)[:2] == (0, {"long": 6})


def test_what_does_not_fit_is_not_added(tmp_path: Path) -> None:
    """And what is kept stays as it is."""
    whole = compare("whole", WHOLE, WHOLE)
    run(tmp_path, whole)
    kept = (tmp_path / "whole.json").read_text()
    for other, said in (
        (replace(whole, tables={"u": Table("title", "ms")}), "holds something else"),
        (compare("whole", {"t": {"a": 1.0, "b": 1.0}}), "with and without t/b"),
        (compare("whole", {"t": {"b": 1.0}}), "with and without t/a, t/b"),
    ):
        status, _, printed = run(tmp_path, other, more=True)
        assert status == 1
        assert said in printed
    with pytest.raises(ValueError, match="something else"):
        report.read(tmp_path / "whole.json", whole, quick=True)
    assert (tmp_path / "whole.json").read_text() == kept
    assert run(tmp_path, whole)[:2] == (0, {"whole": 2}), "without it all is measured anew"
