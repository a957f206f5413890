"""The table and the log of programs that were played."""

from collections.abc import Sequence
from pathlib import Path

from tests.acceptance.figures import Figures
from tests.chaos.program import Outcome, Program

HEADS = ("fault", "how often", "lost", "doubled", "wasted calls", "of", "healthy failed", "repeats", "recovered", "broken")


def not_judged(program: Program, seed: int, error: Exception, *, quick: bool) -> Outcome:
    """The outcome of a program that did not come to its end."""
    nothing = Figures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
    return Outcome(program, seed, quick, {}, nothing, {"not judged": [repr(error)[:500]]}, {}, 0.0, [])


def draw(outcomes: Sequence[Outcome]) -> str:
    """A table for a terminal."""
    rows = [HEADS, *(_row(outcome) for outcome in outcomes)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADS))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def count_faults(outcome: Outcome) -> str:
    """Each kind of fault and how often."""
    return ", ".join(f"{times} {kind}" for kind, times in outcome.faults.items())


def _row(outcome: Outcome) -> tuple[str, ...]:
    figures = outcome.figures
    return (
        f"{outcome.program.number} {outcome.program.name}",
        count_faults(outcome),
        str(figures.lost),
        str(figures.doubled),
        str(figures.wasted),
        str(figures.calls),
        str(figures.failed),
        str(figures.repeats),
        f"{figures.seconds:.0f} s",
        ", ".join(outcome.broken) or "-",
    )


def write(folder: Path, outcomes: Sequence[Outcome], *, record: bool) -> None:
    """Write the log and the figures."""
    folder.mkdir(exist_ok=True)
    text = "\n\n".join("\n".join(outcome.lines) for outcome in outcomes)
    (folder / "chaos.txt").write_text(f"{text}\n\n{draw(outcomes)}\n")
    del record
