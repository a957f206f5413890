"""What was measured as a drawing (SVG): a panel for each table, a row for each variant."""

import html
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from bench.comparison import Comparison, Table
from bench.report import Figure, say

LEFT, WIDTH, RIGHT, ROW, HEAD, FOOT = 300, 460, 210, 20, 28, 34
"""Pixels: names, scale and figures; a row, and what is above and below the rows of a panel."""
_WIDE = 50.0
"""Most by least from which a scale is logarithmic."""


def draw(comparison: Comparison, summary: Mapping[str, Sequence[Figure]]) -> str:
    """Dots are medians, lines go from the least round to the most; a dashed line is the goal."""
    lines, top = [], 40
    for key, figures in summary.items():
        lines += [f'<g transform="translate(0 {top})">', *_panel(comparison.tables[key], figures), "</g>"]
        top += HEAD + ROW * len(figures) + FOOT
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + RIGHT} {top}"',
        ' font-family="sans-serif" font-size="11">',
        f'<rect width="{LEFT + WIDTH + RIGHT}" height="{top}" fill="white"/>',
        f'<text x="10" y="22" font-size="13">{html.escape(_title(comparison))}</text>',
    ]
    return "\n".join([*head, *lines, "</svg>", ""])


def _title(comparison: Comparison) -> str:
    return f"{comparison.name}{' (SIMULATED model)' * comparison.simulated}: {comparison.about}"


def _panel(table: Table, figures: Sequence[Figure]) -> Iterator[str]:
    ends = [end for figure in figures for end in (figure.value.least, figure.value.most)]
    values = ends if table.goal is None else [*ends, table.goal]
    place, marks, bottom = *_scale(values), HEAD + ROW * len(figures)
    goal = "" if table.goal is None else f", goal {say(table.goal)}"
    yield f'<text x="10" y="14" font-weight="bold">{html.escape(f"{table.title} ({table.unit}{goal})")}</text>'
    for mark in marks:
        yield f'<path d="M{place(mark)} {HEAD}V{bottom + 4}" stroke="#ddd"/>'
        yield f'<text x="{place(mark)}" y="{bottom + 16}" text-anchor="middle">{say(mark)}</text>'
    for number, figure in enumerate(figures):
        middle = HEAD + ROW * number + ROW // 2
        yield f'<text x="{LEFT - 12}" y="{middle + 4}" text-anchor="end">{html.escape(figure.variant)}</text>'
        ends_at = place(figure.value.least), place(figure.value.most)
        yield f'<path d="M{ends_at[0]} {middle}H{ends_at[1]}" stroke="#b3541e" stroke-width="2"/>'
        yield f'<circle cx="{place(figure.value.median)}" cy="{middle}" r="4" fill="#b3541e"/>'
        yield f'<text x="{LEFT + WIDTH + 12}" y="{middle + 4}">{html.escape(str(figure.value))}</text>'
    if table.goal is not None:
        yield f'<path d="M{place(table.goal)} {HEAD}V{bottom}" stroke="black" stroke-dasharray="4 3"/>'


def _scale(values: Sequence[float]) -> tuple[Callable[[float], float], list[float]]:
    """Where a value is, in pixels, and the values that are named below: from 0, or by powers of ten."""
    least, most = min(values), max(values)
    if least > 0 and most / least > _WIDE:
        low, high = math.floor(math.log10(least)), math.ceil(math.log10(most))
        marks = [10.0**power for power in range(low, high + 1)]
        return lambda value: round(LEFT + WIDTH * (math.log10(value) - low) / (high - low), 1), marks
    start, end = min(0.0, least), max(0.0, most)
    step = _step((end - start) or 1.0)
    first, last = math.floor(start / step), max(math.ceil(end / step), math.floor(start / step) + 1)
    marks = [step * number for number in range(first, last + 1)]
    return lambda value: round(LEFT + WIDTH * (value / step - first) / (last - first), 1), marks


def _step(length: float) -> float:
    """A round number that fits four to ten times into the length."""
    tens = 10.0 ** math.floor(math.log10(length))
    return next(tens * part for part in (0.1, 0.2, 0.25, 0.5, 1.0) if length / (tens * part) <= 10)
