"""What was measured, for people as tables and for programs as JSON."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from rich.table import Table as Grid

from bench.comparison import Comparison, Round


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and most of some rounds."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{_say(self.median)} ({_say(self.least)} to {_say(self.most)})"


@dataclass(frozen=True, slots=True)
class Figure:
    """One variant in one table; `ratio` is to the table's baseline, taken within each round."""

    variant: str
    value: Spread
    ratio: Spread | None


def summarise(comparison: Comparison, rounds: Sequence[Round]) -> dict[str, list[Figure]]:
    """The figures of each table that was measured, by the table's key."""
    found = {}
    for key, table in comparison.tables.items():
        if key not in rounds[0]:
            continue
        found[key] = [
            Figure(variant, spread([one[key][variant] for one in rounds]), _ratio(table.baseline, variant, key, rounds))
            for variant in rounds[0][key]
        ]
    return found


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value."""
    return Spread(median(values), min(values), max(values))


def draw(comparison: Comparison, rounds: Sequence[Round]) -> list[Grid]:
    """One grid per table."""
    grids = []
    label = ", SIMULATED model" if comparison.simulated else ""
    for key, figures in summarise(comparison, rounds).items():
        table = comparison.tables[key]
        grid = Grid(title=f"{comparison.name}: {table.title} ({len(rounds)} rounds{label})", title_justify="left")
        grid.add_column("variant")
        grid.add_column(f"{table.unit}, median (spread)", justify="right")
        if table.baseline:
            grid.add_column(f"ratio to {table.baseline}", justify="right")
        for figure in figures:
            grid.add_row(figure.variant, str(figure.value), *([str(figure.ratio)] if figure.ratio else []))
        grids.append(grid)
    return grids


def write(path: Path, measured: Sequence[tuple[Comparison, Sequence[Round]]], *, quick: bool) -> None:
    """Everything, every round of it."""
    document = {
        "machine": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
            "load": os.getloadavg()[0],
        },
        "quick": quick,
        "comparisons": {comparison.name: _document(comparison, rounds) for comparison, rounds in measured},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def _say(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _document(comparison: Comparison, rounds: Sequence[Round]) -> dict[str, Any]:
    summary = summarise(comparison, rounds)
    return {
        "about": comparison.about,
        "simulated": comparison.simulated,
        "tables": {
            key: {**asdict(table), "figures": [asdict(figure) for figure in summary[key]]}
            for key, table in comparison.tables.items()
            if key in summary
        },
        "rounds": list(rounds),
    }


def _ratio(baseline: str | None, variant: str, key: str, rounds: Sequence[Round]) -> Spread | None:
    return spread([one[key][variant] / one[key][baseline] for one in rounds]) if baseline else None
