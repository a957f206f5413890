"""The spread of scores as a drawing (SVG): clean pictures beside each strength of each defect, and the limit."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bench.quality.outcomes import CLEAN, Outcome
from handlers.quality.measured import Limit

WIDTH, HEIGHT, GAP = 210, 150, 26
ACROSS = 4
"""Panels in a row, and their sizes in pixels."""


def draw(outcomes: Sequence[Outcome], defects: Mapping[str, Mapping[str, object]], limits: Mapping[str, Limit]) -> str:
    """One panel per defect. Boxes hold 90 % of the scores, lines all of them, the tick is the median."""
    rows = -(-len(defects) // ACROSS)
    size = (ACROSS * (WIDTH + GAP) + GAP, rows * (HEIGHT + 2 * GAP) + GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}"',
        ' font-family="sans-serif" font-size="10">',
        f'<rect width="{size[0]}" height="{size[1]}" fill="white"/>',
    ]
    for number, (code, ways) in enumerate(defects.items()):
        left = GAP + number % ACROSS * (WIDTH + GAP)
        top = GAP + number // ACROSS * (HEIGHT + 2 * GAP)
        groups = {CLEAN: [one.scores[code] for one in outcomes if one.made == CLEAN]}
        groups |= {way: [one.scores[code] for one in outcomes if (one.made, one.way) == (code, way)] for way in ways}
        lines += [f'<g transform="translate({left} {top})">', *_panel(code, groups, limits[code].found), "</g>"]
    return "\n".join([*lines, "</svg>", ""])


def _panel(code: str, groups: Mapping[str, Sequence[float]], limit: float) -> Iterator[str]:
    scores = [score for group in groups.values() for score in group] + [limit]
    least, most = min(scores), max(scores)

    def height(score: float) -> float:
        return round(HEIGHT - (score - least) / ((most - least) or 1) * HEIGHT, 1)

    yield f'<text x="0" y="-6" font-weight="bold">{code}</text>'
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#ccc"/>'
    step = WIDTH / len(groups)
    for number, (name, group) in enumerate(groups.items()):
        middle = round(step * (number + 0.5), 1)
        low, fifth, median, most_of, high = (height(value) for value in np.percentile(group, (0, 5, 50, 95, 100)))
        colour = "#3a7d44" if name == CLEAN else "#b3541e"
        yield f'<path d="M{middle} {low}V{high}" stroke="{colour}"/>'
        box = f'x="{middle - 9}" y="{most_of}" width="18" height="{max(1, round(fifth - most_of, 1))}"'
        yield f'<rect {box} fill="{colour}" fill-opacity="0.35" stroke="{colour}"/>'
        yield f'<path d="M{middle - 9} {median}h18" stroke="{colour}" stroke-width="2"/>'
        yield f'<text x="{middle}" y="{HEIGHT + 12}" text-anchor="middle" font-size="8">{name}</text>'
    yield f'<path d="M0 {height(limit)}H{WIDTH}" stroke="black" stroke-dasharray="4 3"/>'
