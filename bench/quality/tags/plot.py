"""Merging by kind of pair as a drawing (SVG): how many of those that should, and of those that should not."""

from collections.abc import Iterator, Mapping

from bench.quality.tags.counting import Count

LABEL, WIDTH, LINE, GAP = 120, 300, 18, 40
"""Pixels: the names of the kinds, a panel, a kind, and around the panels."""
FOUND, WRONG = "#3a7d44", "#b3541e"


def draw(kinds: Mapping[str, tuple[Count, Count | None]]) -> str:
    """Two panels, a line for each kind: bars are the development half, ticks the held-out one."""
    found = {kind: counts for kind, counts in kinds.items() if counts[0].same}
    wrong = {kind: counts for kind, counts in kinds.items() if counts[0].different}
    size = (2 * (LABEL + WIDTH + GAP) + GAP, max(len(found), len(wrong)) * LINE + 2 * GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}"',
        ' font-family="sans-serif" font-size="10">',
        f'<rect width="{size[0]}" height="{size[1]}" fill="white"/>',
        *_panel(GAP, "one tag, and made one", FOUND, {k: (_found(a), _found(b)) for k, (a, b) in found.items()}),
        *_panel(
            2 * GAP + LABEL + WIDTH,
            "two tags, but made one",
            WRONG,
            {k: (_wrong(a), _wrong(b)) for k, (a, b) in wrong.items()},
        ),
    ]
    return "\n".join([*lines, "</svg>", ""])


def _panel(
    left: int, title: str, colour: str, shares: Mapping[str, tuple[float | None, float | None]]
) -> Iterator[str]:
    yield f'<g transform="translate({left + LABEL} {GAP})">'
    yield f'<text x="0" y="-14" font-weight="bold">{title}</text>'
    for number, (kind, (share, held_out)) in enumerate(shares.items()):
        top = number * LINE
        yield f'<text x="-6" y="{top + 10}" text-anchor="end">{kind.replace("_", " ")}</text>'
        yield f'<rect y="{top}" width="{WIDTH}" height="{LINE - 6}" fill="#eee"/>'
        yield f'<rect y="{top}" width="{round(WIDTH * (share or 0), 1)}" height="{LINE - 6}" fill="{colour}"/>'
        if held_out is not None:
            yield f'<path d="M{round(WIDTH * held_out, 1)} {top - 2}v{LINE - 2}" stroke="black" stroke-width="2"/>'
    bottom = len(shares) * LINE + 8
    for share in (0, 50, 100):
        yield f'<text x="{WIDTH * share / 100}" y="{bottom}" text-anchor="middle" font-size="8">{share} %</text>'
    yield "</g>"


def _found(one: Count | None) -> float | None:
    return one.recall if one else None


def _wrong(one: Count | None) -> float | None:
    return one.wrong / one.different if one and one.different else None
