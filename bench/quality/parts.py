"""The parts of `make bench-quality`: each measures one thing and says it as a section of docs/quality.md."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """A table; cells are Markdown without line breaks."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """What a part found: tables, a plot (SVG), and `figures`, all of them, for programs (JSON)."""

    tables: Sequence[Table]
    plot: str = ""
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure. `quick`: as little as shows that it runs. `advance` is told how much is done: (done, of all)."""

    quick: bool
    advance: Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Part:
    """`name` is that of its place in docs/quality.md (`<!-- measured: NAME -->`), and of its plot there."""

    name: str
    about: str
    measure: Callable[[Plan], Section]
