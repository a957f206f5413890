"""What was measured: tables at a terminal, and one JSON file for each comparison."""

import os
import platform
import time
from collections.abc import Mapping, Sequence
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
        return f"{say(self.median)} ({say(self.least)} to {say(self.most)})"


@dataclass(frozen=True, slots=True)
class Figure:
    """One variant in one table; `ratio` is to the table's baseline, taken within each round."""

    variant: str
    value: Spread
    ratio: Spread | None


def summarise(comparison: Comparison, rounds: Sequence[Round]) -> dict[str, list[Figure]]:
    """The figures of each table that was measured, by its key.

    Raises ValueError when a figure has no table, or a round has other figures than the first.
    """
    if unknown := {key for one in rounds for key in one} - set(comparison.tables):
        raise ValueError(f"{comparison.name} has no table for {', '.join(sorted(unknown))}")
    first = _list_figures(rounds[0])
    if odd := next((figures ^ first for figures in map(_list_figures, rounds) if figures != first), None):
        raise ValueError(f"{comparison.name} has rounds with and without {', '.join(map('/'.join, sorted(odd)))}")
    found = {}
    for key, table in comparison.tables.items():
        if key not in rounds[0]:
            continue
        found[key] = [
            Figure(variant, spread([one[key][variant] for one in rounds]), _ratio(table.baseline, variant, key, rounds))
            for variant in rounds[0][key]
        ]
    return found


def _list_figures(one: Round) -> set[tuple[str, str]]:
    return {(key, variant) for key, figures in one.items() for variant in figures}


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value."""
    return Spread(median(values), min(values), max(values))


def draw(comparison: Comparison, rounds: Sequence[Round]) -> list[Grid]:
    """One grid per table."""
    grids = []
    label = ", SIMULATED model" if comparison.simulated else ""
    for key, figures in summarise(comparison, rounds).items():
        table = comparison.tables[key]
        goal = "" if table.goal is None else f", goal {say(table.goal)}"
        title = f"{comparison.name}: {table.title} ({len(rounds)} rounds{goal}{label})"
        grid = Grid(title=title, title_justify="left")
        grid.add_column("variant")
        grid.add_column(f"{table.unit}, median (spread)", justify="right")
        if table.baseline:
            grid.add_column(f"ratio to {table.baseline}", justify="right")
        for figure in figures:
            grid.add_row(figure.variant, str(figure.value), *([str(figure.ratio)] if figure.ratio else []))
        grids.append(grid)
    return grids


def read(path: Path, comparison: Comparison, *, quick: bool) -> Mapping[str, Any]:
    """What is kept of a comparison. Raises ValueError where it cannot be added to: other tables, or less measured."""
    kept: dict[str, Any] = orjson.loads(path.read_bytes())
    if kept["quick"] != quick or not kept["tables"].keys() <= comparison.tables.keys():
        raise ValueError(f"{path} holds something else: measure it anew, without --more")
    return kept


def write(
    path: Path, comparison: Comparison, rounds: Sequence[Round], *, quick: bool, kept: Mapping[str, Any] | None = None
) -> None:
    """Everything, every round of it; `kept` is what was measured before, and when the rounds before were."""
    earlier = [] if kept is None else [*kept.get("earlier", []), {"measured": kept["measured"], **kept["machine"]}]
    document = {
        "name": comparison.name,
        "about": comparison.about,
        "simulated": comparison.simulated,
        "quick": quick,
        "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "earlier": earlier,
        "machine": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
            "load": os.getloadavg()[0],
        },
        "tables": {
            key: {**asdict(comparison.tables[key]), "figures": [asdict(figure) for figure in figures]}
            for key, figures in summarise(comparison, rounds).items()
        },
        "rounds": list(rounds),
    }
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def say(value: float) -> str:
    """A figure for people, three digits of it."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _ratio(baseline: str | None, variant: str, key: str, rounds: Sequence[Round]) -> Spread | None:
    return spread([one[key][variant] / one[key][baseline] for one in rounds]) if baseline else None
