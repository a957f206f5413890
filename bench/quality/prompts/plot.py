"""Agreement as a drawing (SVG): a row for each number of wrong parts, a stroke for each agreement that was met."""

from collections import Counter
from collections.abc import Mapping, Sequence

LABEL, WIDTH, LINE, EDGE = 80, 480, 34, 20
"""Pixels: the names of the rows, an agreement of 1, a row, and around it all."""


def draw(rows: Mapping[str, Sequence[float]]) -> str:
    """Strokes are agreements, 0 to 1, as high as their share of the row; the black one is its mean."""
    size = (LABEL + WIDTH + 2 * EDGE, len(rows) * LINE + 2 * EDGE + 20)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}"',
        ' font-family="sans-serif" font-size="10">',
        f'<rect width="{size[0]}" height="{size[1]}" fill="white"/>',
        f'<g transform="translate({EDGE + LABEL} {EDGE})">',
        '<text x="0" y="-6" font-weight="bold">agreement, by how many of the parts are those of another picture</text>',
    ]
    for number, (name, shares) in enumerate(rows.items()):
        top = number * LINE
        colour = "#3a7d44" if number == 0 else "#b3541e"
        lines.append(f'<text x="-8" y="{top + 19}" text-anchor="end">{name}</text>')
        lines.append(f'<rect y="{top + 4}" width="{WIDTH}" height="{LINE - 8}" fill="#f4f4f4"/>')
        met = Counter(round(share, 2) for share in shares)
        tall = (LINE - 8) / max(met.values(), default=1)
        strokes = "".join(
            f"M{round(WIDTH * share, 1)} {top + LINE - 4}v{-round(tall * times, 1)}" for share, times in met.items()
        )
        lines.append(f'<path d="{strokes}" stroke="{colour}" stroke-width="4"/>')
        mean = sum(shares) / max(1, len(shares))
        lines.append(f'<path d="M{round(WIDTH * mean, 1)} {top + 2}v{LINE - 4}" stroke="black" stroke-width="2"/>')
    for tenths in range(0, 11, 5):
        bottom = len(rows) * LINE + 14
        lines.append(f'<text x="{WIDTH * tenths / 10}" y="{bottom}" text-anchor="middle">{tenths / 10:g}</text>')
    return "\n".join([*lines, "</g>", "</svg>", ""])
