"""How much moved, as a drawing (SVG): a row of dots for each edit, and for each other moment."""

from collections.abc import Collection, Mapping, Sequence

LEFT, WIDTH, ROW, TOP = 250, 640, 18, 30
"""Pixels."""
MOST = 0.25
"""Share at the right end; what is more is drawn there."""
_MARKS = (0, 0.001, 0.01, 0.05, 0.1, 0.25)


def draw(moved: Mapping[str, Sequence[float]], same: Collection[str], limit: float) -> str:
    """One row by way; those in `same` should be left of the limit, the others right of it."""
    size = (LEFT + WIDTH + 30, TOP + len(moved) * ROW + 40)
    bottom = TOP + len(moved) * ROW
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}"',
        ' font-family="sans-serif" font-size="11">',
        f'<rect width="{size[0]}" height="{size[1]}" fill="white"/>',
        f'<text x="{LEFT}" y="14" font-weight="bold">share of the picture that moved, by pair</text>',
    ]
    for number, (way, shares) in enumerate(moved.items()):
        middle = TOP + number * ROW + ROW // 2
        colour = "#3a7d44" if way in same else "#b3541e"
        lines.append(f'<text x="{LEFT - 10}" y="{middle + 4}" text-anchor="end">{way}</text>')
        lines.append(f'<path d="M{LEFT} {middle}h{WIDTH}" stroke="#eee"/>')
        places = sorted({_place(share) for share in shares})
        lines += [
            f'<circle cx="{place}" cy="{middle}" r="3.5" fill="{colour}" fill-opacity="0.5"/>' for place in places
        ]
    for mark in _MARKS:
        lines.append(f'<text x="{_place(mark)}" y="{bottom + 16}" text-anchor="middle">{mark:g}</text>')
        lines.append(f'<path d="M{_place(mark)} {bottom}v4" stroke="black"/>')
    lines.append(f'<path d="M{_place(limit)} {TOP}V{bottom}" stroke="black" stroke-dasharray="4 3"/>')
    return "\n".join([*lines, "</svg>", ""])


def _place(share: float) -> float:
    part: float = (min(share, MOST) / MOST) ** 0.4
    return round(LEFT + WIDTH * part, 1)
