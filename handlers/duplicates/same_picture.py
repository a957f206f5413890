"""Whether two sketches show the same picture, or only nearly the same scene.

Hashes find what is worth a closer look. The sketches are then laid over each other, turned, shifted and scaled, and
compared cell by cell. What was laid over a picture makes it lighter or darker; what moved does both, where it was and
where it is now: so the smaller of the two areas tells a moment, a view or a variant from the same picture. A label does
both, too, but in one small, long place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from contracts.sketches import SKETCH_SIDE, Resemblance, Sketch, Verdict
from handlers.duplicates.alignment import Plane, Window, align
from handlers.duplicates.changes import FEWEST, Lit, Seen, find_changes, light_alike, look
from handlers.duplicates.displacement import find_displacement
from handlers.duplicates.hashes import (
    CUTS,
    RADIUS,
    WHOLE,
    compare_cells,
    compare_detail,
    sum_cells,
    sum_detail,
    to_levels,
)
from handlers.duplicates.turns import INVERSE, TURNS, turn

_ATTEMPTS = 2
"""So many turns, and so many turns and copies, whose hashes are most alike are laid over each other."""
_LEFT = [1 - 2 * cut for cut in CUTS]
"""How much of each side the copies show."""
_STARTS = {
    (mine, theirs): Window(scale_down=other / one, scale_across=other / one)
    for mine, one in enumerate(_LEFT)
    for theirs, other in enumerate(_LEFT)
}
"""By which copies are alike."""
Alike: TypeAlias = tuple[int, str, tuple[int, int]]
"""Bits that differ, the turn, and the copies of both."""

_ROUNDS, _SETTLED = 3, 0.04
"""How often it is laid over anew while more than this share of its parts stands elsewhere."""
_BOUND = 80
"""Percent of the cells that tell no more of the light than this one, where much may have been cut off."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still the same picture, and what has nothing in common.

    `moved`, `displaced`, `left` (what differs in the middle, by what varies) and `overlaid` at most, `covered` and
    `correlation` at least. `light` is a ratio either way: a picture that is 20 % brighter or darker is the same one, an
    exposure that is one stop off (0.74) is not.
    """

    moved: float = 0.0005
    displaced: float = 0.2
    left: float = 0.3
    overlaid: float = 0.12
    covered: float = 0.6
    light: float = 1.28
    correlation: float = 0.7


LIMITS = Limits()


def compare(one: Sketch, other: Sketch, limits: Limits = LIMITS) -> Resemblance:
    """How alike two pictures are; the other way round it is the same, but for `turn`, `light` and `covered`.

    Deterministic on one machine; elsewhere floats may differ in the last digits.
    """
    if one.cells > other.cells:
        return _reverse(compare(other, one, limits))
    alike = sorted(_find_alike(one, other))
    best = Resemblance(Verdict.UNRELATED, alike[0][0])
    for bits, name, copies in _choose(alike):
        if bits > RADIUS or best.verdict is Verdict.SAME:
            break
        found = _lay_over(_to_plane(one), turn(_to_plane(other), name), _STARTS[copies], limits)
        found = replace(found, bits=best.bits, turn=name)
        best = min(best, found, key=_rank)
    return best


def _choose(alike: Sequence[Alike]) -> list[Alike]:
    """The most alike, and that of the next turn: where little is seen, all copies of a wrong turn may agree."""
    turns = {name: (bits, name, copies) for bits, name, copies in reversed(alike)}
    return sorted({*sorted(turns.values())[:_ATTEMPTS], *alike[:_ATTEMPTS]})


def _find_alike(one: Sketch, other: Sketch) -> Iterator[Alike]:
    mine, detail = [compare_cells(sums) for sums in sum_cells(one)], compare_detail(sum_detail(one))
    sums_of_other, detail_of_other = sum_cells(other), sum_detail(other)
    for name in TURNS:
        theirs = [compare_cells(turn(sums, name)) for sums in sums_of_other]
        for first, second in _STARTS:
            yield _count_different(mine[first], theirs[second]), name, (first, second)
        yield _count_different(detail, compare_detail(turn(detail_of_other, name))), name, (WHOLE, WHOLE)


def _count_different(mine: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(mine != theirs))


def _to_plane(sketch: Sketch) -> Plane:
    return to_levels(sketch).astype(np.float64)


def _lay_over(first: Plane, second: Plane, start: Window, limits: Limits) -> Resemblance:
    seen, lit, displaced = _settle(first, second, align(first, second, start))
    count = int(seen.inside.sum())
    if count < FEWEST:
        return Resemblance(Verdict.UNRELATED, 0)
    changes = find_changes(seen, lit)
    found = Resemblance(
        Verdict.NEAR,
        bits=0,
        covered=round(count / SKETCH_SIDE**2, 4),
        light=_find_ratio(seen),
        moved=round(changes.moved / SKETCH_SIDE**2, 5),
        displaced=round(displaced, 4),
        overlaid=round(changes.overlaid / SKETCH_SIDE**2, 5),
    )
    correlation = _correlate(seen)
    if _is_within(found, limits) and _find_left(lit) <= limits.left and correlation >= 0:
        return replace(found, verdict=Verdict.SAME)
    return found if correlation >= limits.correlation else replace(found, verdict=Verdict.UNRELATED)


def _settle(first: Plane, second: Plane, window: Window) -> tuple[Seen, Lit, float]:
    """See both as well laid over each other as can be, and which share of their parts still stands elsewhere."""
    for number in range(_ROUNDS + 1):
        seen = look(first, second, window)
        lit = light_alike(seen)
        displacement = find_displacement(lit.one, lit.other, lit.counted)
        if displacement.share <= _SETTLED or number == _ROUNDS:
            break
        window = displacement.correct(window)
    return seen, lit, displacement.share


def _find_ratio(seen: Seen) -> float:
    """The light of the second by that of the first. Where one of both was cut off, it is at least what they tell."""
    ratios = (seen.second.levels + 1) / (seen.first.levels + 1)
    middle = float(np.median(ratios[seen.plain]))
    if seen.plain is seen.inside:
        middle = float(np.percentile(ratios[seen.inside], _BOUND if middle >= 1 else 100 - _BOUND))
    return round(middle, 4)


def _find_left(lit: Lit) -> float:
    """What cells still differ by in the middle, by how they vary: what was laid over does not count."""
    if not lit.counted.any():
        return 0.0
    varied, left = (_vary(plane[lit.counted]) for plane in (lit.other, lit.other - lit.one))
    return left / max(1.0, varied)


def _vary(levels: Plane) -> float:
    return float(np.median(np.abs(levels - np.median(levels))))


def _correlate(seen: Seen) -> float:
    first, second = seen.first.levels[seen.inside], seen.second.levels[seen.inside]
    spread = float(first.std() * second.std())
    return float(((first - first.mean()) * (second - second.mean())).mean()) / spread if spread else 0.0


def _is_within(found: Resemblance, limits: Limits) -> bool:
    assert found.moved is not None
    assert found.displaced is not None
    assert found.overlaid is not None
    assert found.covered is not None
    assert found.light is not None
    is_whole = found.covered >= limits.covered and 1 / limits.light <= found.light <= limits.light
    stands = found.moved <= limits.moved and found.displaced <= limits.displaced
    return is_whole and stands and found.overlaid <= limits.overlaid


def _rank(found: Resemblance) -> tuple[int, float]:
    return list(Verdict).index(found.verdict), 1.0 if found.moved is None else found.moved


def _reverse(found: Resemblance) -> Resemblance:
    if found.turn is None or found.light is None:
        return found
    return replace(found, turn=INVERSE[found.turn], light=round(1 / found.light, 4))
