"""Comparisons one after the other: what breaks one of them takes nothing from the others."""

import asyncio
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bench import plot, report
from bench.comparison import Comparison, Plan, Round


def run_all(
    chosen: Sequence[Comparison],
    make_plan: Callable[[Path], Plan],
    output: Path,
    console: Console,
    *,
    more: bool = False,
) -> int:
    """Measure them all; `make_plan` is given a folder that is empty and thrown away afterwards.

    If there is to be `more`, rounds are added to those that are kept in `output`.

    Each is shown and written when it ends, whatever ends it, with the rounds that were finished. Returns the exit
    status: 1 when one broke, 130 after Ctrl-C, which ends them all.
    """
    status = 0
    for comparison in chosen:
        try:
            with tempfile.TemporaryDirectory(prefix="bildwerk-bench-") as folder:
                _run(comparison, make_plan(Path(folder)), output / f"{comparison.name}.json", console, more=more)
        except KeyboardInterrupt:
            console.print("stopped: only rounds that were finished are shown and written")
            return 130
        except Exception:  # noqa: BLE001 - whatever it is: hours of others are to come
            console.print(traceback.format_exc(), markup=False, highlight=False, soft_wrap=True)
            console.print(f"{comparison.name} broke, see above; what it had finished is kept")
            status = 1
    return status


def _run(comparison: Comparison, plan: Plan, path: Path, console: Console, *, more: bool) -> None:
    kept = report.read(path, comparison, quick=plan.quick) if more and path.exists() else None
    rounds: list[Round] = [*kept["rounds"]] if kept else []
    plan = replace(plan, first=len(rounds))
    try:
        asyncio.run(_measure(comparison, plan, rounds, console))
    finally:
        if len(rounds) > plan.first:
            for grid in report.draw(comparison, rounds):
                console.print(grid)
            drawing = path.with_suffix(".svg")
            report.write(path, comparison, rounds, quick=plan.quick, kept=kept)
            drawing.write_text(plot.draw(comparison, report.summarise(comparison, rounds)))
            console.print(f"written: {path} and {drawing}")


async def _measure(comparison: Comparison, plan: Plan, rounds: list[Round], console: Console) -> None:
    console.print(f"{comparison.name}: {comparison.about}")
    began = time.monotonic()
    async with aclosing(comparison.measure(plan)) as measuring:
        async for one in measuring:
            report.summarise(comparison, [*rounds, one])  # what cannot be shown is found out before more is measured
            rounds.append(one)
            seconds = time.monotonic() - began
            console.print(f"{comparison.name}: round {len(rounds)} of {plan.numbers.stop}, {seconds:.0f} s")
