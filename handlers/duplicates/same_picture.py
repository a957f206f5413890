"""Whether two sketches show the same picture, or only nearly the same scene.

Hashes find what is worth a closer look. The sketches are then laid over each other, turned, shifted and scaled, and
compared cell by cell. What was laid over a picture makes it lighter or darker; what moved does both, where it was and
where it is now: so the smaller of the two areas tells a moment, a view or a variant from the same picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from contracts.sketches import SKETCH_SIDE, Resemblance, Sketch, Verdict
from handlers.duplicates.alignment import Mask, Plane, Window, align, find_light, see, soften_alike
from handlers.duplicates.hashes import INNER, RADIUS, WHOLE, compare_cells, sum_cells, to_levels
from handlers.duplicates.turns import INVERSE, TURNS, turn

_ATTEMPTS = 2
"""Of turns and copies whose hashes are alike, the most alike ones are laid over each other."""
_INNER = 0.9
_STARTS = {
    (WHOLE, WHOLE): Window(),
    (INNER, INNER): Window(),
    (INNER, WHOLE): Window(scale_down=1 / _INNER, scale_across=1 / _INNER),
    (WHOLE, INNER): Window(scale_down=_INNER, scale_across=_INNER),
}
"""By which copies are alike."""

_LEAST = 4.0
"""Levels by which a cell may differ anyway."""
_ASTRAY = 0.4
"""Cells by which it may be misplaced, as steep as its neighbours make it."""
_UNCLIPPED = (4.0, 250.0)
_MIDTONES = (15.0, 225.0)
"""Levels of cells, and of those around them, that tell the light: in brighter ones highlights may have been cut off."""
_GREY = 127.5
_FEWEST = 40
"""Cells that have to be within both pictures."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still the same picture, and what has nothing in common.

    `moved` and `overlaid` at most, `covered` and `correlation` at least. `light` is a ratio either way: a picture that
    is 20 % brighter or darker is the same one, an exposure that is one stop off (0.74) is not.
    """

    moved: float = 0.0014
    overlaid: float = 0.12
    covered: float = 0.6
    light: float = 1.28
    correlation: float = 0.7


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class _Side:
    """One of two pictures in the window of the first, softened, with the least and the greatest of neighbours."""

    levels: Plane
    low: Plane
    high: Plane

    @property
    def black(self) -> Mask:
        """Where half or more of a cell may have been cut off: it could be darker."""
        return (self.low < _UNCLIPPED[0]) & (self.levels < _GREY)

    @property
    def white(self) -> Mask:
        """Where it could be lighter."""
        return (self.high > _UNCLIPPED[1]) & (self.levels > _GREY)

    @property
    def plain(self) -> Mask:
        """Where nothing was cut off."""
        return (self.low >= _MIDTONES[0]) & (self.high <= _MIDTONES[1])


@dataclass(frozen=True, slots=True)
class _Seen:
    """Both pictures, what shows in both, and what of it tells how light they are."""

    first: _Side
    second: _Side
    inside: Mask
    plain: Mask


def compare(one: Sketch, other: Sketch, limits: Limits = LIMITS) -> Resemblance:
    """How alike two pictures are; the other way round it is the same, but for `turn`, `light` and `covered`.

    Deterministic on one machine; elsewhere floats may differ in the last digits.
    """
    if one.cells > other.cells:
        return _reverse(compare(other, one, limits))
    alike = sorted(_find_alike(one, other))
    best = Resemblance(Verdict.UNRELATED, alike[0][0])
    for bits, name, copies in alike[:_ATTEMPTS]:
        if bits > RADIUS or best.verdict is Verdict.SAME:
            break
        found = _lay_over(_to_plane(one), turn(_to_plane(other), name), _STARTS[copies], limits)
        found = replace(found, bits=best.bits, turn=name)
        best = min(best, found, key=_rank)
    return best


def _find_alike(one: Sketch, other: Sketch) -> Iterator[tuple[int, str, tuple[int, int]]]:
    mine = [compare_cells(sums) for sums in sum_cells(one)]
    sums_of_other = sum_cells(other)
    for name in TURNS:
        theirs = [compare_cells(turn(sums, name)) for sums in sums_of_other]
        for first, second in _STARTS:
            yield int(np.count_nonzero(mine[first] != theirs[second])), name, (first, second)


def _to_plane(sketch: Sketch) -> Plane:
    return to_levels(sketch).astype(np.float64)


def _lay_over(first: Plane, second: Plane, start: Window, limits: Limits) -> Resemblance:
    window = align(first, second, start)
    seen = _see(*soften_alike(first, second, window), window)
    count = int(seen.inside.sum())
    if count < _FEWEST:
        return Resemblance(Verdict.UNRELATED, 0)
    lighter, darker = (changed / count for changed in _count_changes(seen))
    found = Resemblance(
        Verdict.NEAR,
        bits=0,
        covered=round(count / SKETCH_SIDE**2, 4),
        light=_find_ratio(seen),
        moved=round(min(lighter, darker), 5),
        overlaid=round(max(lighter, darker), 5),
    )
    return replace(found, verdict=_judge(found, _correlate(seen), limits))


def _see(first: Plane, second: Plane, window: Window) -> _Seen:
    one = _Side(first, *_find_extremes(first))
    planes, inside = see(window, second, *_find_extremes(second))
    other = _Side(*planes)
    plain = inside & one.plain & other.plain
    return _Seen(one, other, inside, plain if plain.sum() >= _FEWEST else inside)


def _find_extremes(plane: Plane) -> tuple[Plane, Plane]:
    """The least and the greatest of each cell and its eight neighbours."""
    wide = np.pad(plane, 1, mode="edge")
    low = np.minimum(np.minimum(wide[:-2], wide[1:-1]), wide[2:])
    high = np.maximum(np.maximum(wide[:-2], wide[1:-1]), wide[2:])
    return (
        np.minimum(np.minimum(low[:, :-2], low[:, 1:-1]), low[:, 2:]),
        np.maximum(np.maximum(high[:, :-2], high[:, 1:-1]), high[:, 2:]),
    )


def _count_changes(seen: _Seen) -> tuple[int, int]:
    """Cells that are lighter in the second, and that are darker, where no cutting off explains it."""
    one, other = seen.first, seen.second
    gain, offset = find_light(one.levels[seen.plain], other.levels[seen.plain])
    differences = other.levels - gain * one.levels - offset
    tolerated = _LEAST + _ASTRAY * np.maximum(abs(gain) * (one.high - one.low), other.high - other.low)
    lighter = (differences > tolerated) & ~one.white & ~other.black
    darker = (differences < -tolerated) & ~one.black & ~other.white
    return int(np.count_nonzero(lighter & seen.inside)), int(np.count_nonzero(darker & seen.inside))


def _find_ratio(seen: _Seen) -> float:
    first, second = seen.first.levels[seen.plain], seen.second.levels[seen.plain]
    return round(float(np.median((second + 1) / (first + 1))), 4)


def _correlate(seen: _Seen) -> float:
    first, second = seen.first.levels[seen.inside], seen.second.levels[seen.inside]
    spread = float(first.std() * second.std())
    return float(((first - first.mean()) * (second - second.mean())).mean()) / spread if spread else 0.0


def _judge(found: Resemblance, correlation: float, limits: Limits) -> Verdict:
    assert found.moved is not None
    assert found.overlaid is not None
    assert found.covered is not None
    assert found.light is not None
    is_whole = found.covered >= limits.covered and 1 / limits.light <= found.light <= limits.light
    if is_whole and found.moved <= limits.moved and found.overlaid <= limits.overlaid:
        return Verdict.SAME
    return Verdict.NEAR if correlation >= limits.correlation else Verdict.UNRELATED


def _rank(found: Resemblance) -> tuple[int, float]:
    return list(Verdict).index(found.verdict), 1.0 if found.moved is None else found.moved


def _reverse(found: Resemblance) -> Resemblance:
    if found.turn is None or found.light is None:
        return found
    return replace(found, turn=INVERSE[found.turn], light=round(1 / found.light, 4))
