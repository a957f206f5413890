"""The table and the log of programs that were played."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.acceptance.figures import Figures
from tests.acceptance.world import REPOSITORY
from tests.chaos.program import Outcome, Program

HEADS = ("fault", "how often", "lost", "doubled", "wasted", "failed", "repeats", "recovered", "broken")
PAGE, LOG = REPOSITORY / "docs" / "reliability.md", REPOSITORY / "docs" / "reliability-chaos.txt"


def not_judged(program: Program, seed: int, error: Exception, *, quick: bool) -> Outcome:
    """The outcome of a program that did not come to its end."""
    nothing = Figures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
    broken = {"not judged": [repr(error)[:500]]}
    return Outcome(program, seed, quick, {}, nothing, broken, {}, 0.0, [f"NOT JUDGED: {error!r}"[:500]])


def draw(outcomes: Sequence[Outcome]) -> str:
    """A table for a terminal."""
    rows = [
        HEADS,
        *((f"{o.program.number} {o.program.name}", *_cells(o), ", ".join(o.broken) or "-") for o in outcomes),
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADS))]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def draw_row(outcome: Outcome) -> str:
    """A row of the page's table; one that is broken says so."""
    lost, doubled, wasted, failed, repeats, recovered = _cells(outcome)[1:]
    broken = f" **broken: {', '.join(outcome.broken)}**" if outcome.broken else ""
    first = (outcome.program.number, outcome.program.about + broken, _cells(outcome)[0])
    return f"| {' | '.join((*first, lost, doubled, wasted, failed, repeats, recovered))} |"


def write(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Write the log and the figures of what was played until now."""
    folder.mkdir(exist_ok=True)
    (folder / "chaos.txt").write_text(_join(outcomes))
    shown = [
        asdict(o) | {"program": o.program.name, "broken": {name: str(f) for name, f in o.broken.items()}}
        for o in outcomes
    ]
    (folder / "chaos.json").write_text(json.dumps(shown, indent=1, default=str))


def record(outcomes: Sequence[Outcome]) -> None:
    """Put the log beside the page, and the figures into its table; rows of others stay as they are."""
    LOG.write_text(_join(outcomes))
    PAGE.write_text(fill(PAGE.read_text(), outcomes))


def fill(page: str, outcomes: Sequence[Outcome]) -> str:
    """The page with the rows of these programs. Raises ValueError where one has no row."""
    for outcome in outcomes:
        beginning, row = f"| {outcome.program.number} |", draw_row(outcome)
        lines = page.splitlines()
        if sum(line.startswith(beginning) for line in lines) != 1:
            raise ValueError(f"the table needs one row for {outcome.program.number}")
        page = "\n".join(row if line.startswith(beginning) else line for line in lines) + "\n"
    return page


def _cells(outcome: Outcome) -> tuple[str, ...]:
    figures = outcome.figures
    return (
        ", ".join(f"{times} x {kind}" for kind, times in outcome.faults.items()),
        str(figures.lost),
        str(figures.doubled),
        f"{figures.wasted} of {figures.calls}",
        str(figures.failed),
        str(figures.repeats),
        f"{figures.seconds:.0f} s",
    )


def _join(outcomes: Sequence[Outcome]) -> str:
    text = "\n\n".join("\n".join(outcome.lines) for outcome in outcomes)
    return f"{text}\n\n{draw(outcomes)}\n"
