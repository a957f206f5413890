"""What is otherwise in one picture than in another that it is laid over: what moved, and what was laid over it.

What moved makes it lighter and darker, where it was and where it is now. What people lay over a picture is a label, or
a stamp that the picture shows through, in white or black. What is lighter or darker only, and neither of both, may
have vanished: that counts as moved, too.
"""

from dataclasses import dataclass

import numpy as np

from handlers.duplicates.alignment import Mask, Plane, Window, find_light, read, see, soften_alike

_LEAST = 0.9
"""Levels by which a cell may differ anyway."""
_SPREAD, _MOST_SPREAD = 1.35, 2.0
"""What differs everywhere is compression: so many times the middle difference, which counts up to so many levels."""
_ASTRAY = 0.45
"""Cells by which it may be misplaced, as steep as its neighbours make it."""
_LABEL_AREA, _LABEL_LENGTH, _LABEL_FILLED, _LABEL_COVERS = 100, 2, 0.3, 0.3
"""Cells of a label at most; how many times as long as wide it is at least; which share of it changed at least; and how
much it covers of what is below it, in the middle."""
_STAMP_COVERS, _STAMP_MOST, _STAMP_LEVELS = 0.1, 0.45, 4.0
"""How much a stamp covers of what is below it, in the middle at least and nearly everywhere at most; by how many levels
that changes it, in the middle."""
_FEW = 24
"""Cells: whatever changes no more is not looked at more closely."""
_LIT_ALIKE = (0.02, 2.0)
"""Gain and levels: where the light is the same, the same was cut off of both."""
_UNCLIPPED = (4.0, 250.0)
_LIT_UNCLIPPED = 235.0
"""Levels of the lighter one that are as good as cut off where the light is another: cells are averages."""
_MIDTONES = (15.0, 225.0)
"""Levels of cells, and of those around them, that tell the light: in brighter ones highlights may have been cut off."""
_GREY = 127.5
FEWEST = 40
"""Cells that have to be within both pictures."""


@dataclass(frozen=True, slots=True)
class Side:
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
class Seen:
    """Both pictures, what shows in both, and what of it tells how light they are."""

    first: Side
    second: Side
    inside: Mask
    plain: Mask

    @property
    def counted(self) -> Mask:
        """Where both show something; but for the outermost cells, where a border may have left something."""
        counted = self.inside.copy()
        counted[[0, -1]] = counted[:, [0, -1]] = False
        return counted


@dataclass(frozen=True, slots=True)
class Lit:
    """Both pictures' levels in the light of the second, where they mean anything, and where a change does."""

    one: Plane
    other: Plane
    counted: Mask
    may_be_lighter: Mask
    may_be_darker: Mask


@dataclass(frozen=True, slots=True)
class Changes:
    """Cells that moved, and that were laid over."""

    moved: int
    overlaid: int


def look(first: Plane, second: Plane, window: Window) -> Seen:
    """See the second in the window of the first."""
    first, second = soften_alike(first, second, window)
    one = Side(first, *_find_extremes(first))
    (low, high), inside = see(window, *_find_extremes(second))
    other = Side(read(window, second), low, high)
    plain = inside & one.plain & other.plain
    return Seen(one, other, inside, plain if plain.sum() >= FEWEST else inside)


def light_alike(seen: Seen) -> Lit:
    """Give the first the light of the second. Where that is another one, what may have been cut off does not count."""
    one, other, counted = seen.first, seen.second, seen.counted
    gain, offset = find_light(one.levels[seen.plain], other.levels[seen.plain])
    lit = gain * one.levels + offset
    if abs(gain - 1) <= _LIT_ALIKE[0] and abs(offset) <= _LIT_ALIKE[1]:
        return Lit(lit, other.levels, counted, counted, counted)
    dim = np.maximum(abs(gain) * one.high + offset, other.high) < _LIT_UNCLIPPED
    sure = counted & dim & ~(one.white | one.black | other.white | other.black)
    if 2 * np.count_nonzero(sure) >= np.count_nonzero(counted):
        return Lit(lit, other.levels, sure, sure, sure)
    return Lit(lit, other.levels, counted, counted & ~one.white & ~other.black, counted & ~one.black & ~other.white)


def find_changes(seen: Seen, lit: Lit) -> Changes:
    """Count what differs by more than compression and a misplaced grid explain."""
    differences = lit.other - lit.one
    spread = min(_MOST_SPREAD, float(np.median(np.abs(differences[seen.inside]))))
    steep = np.maximum(seen.first.high - seen.first.low, seen.second.high - seen.second.low)
    tolerated = _LEAST + _SPREAD * spread + _ASTRAY * steep
    changed = lit.may_be_lighter & (differences > tolerated) | lit.may_be_darker & (differences < -tolerated)
    count = int(np.count_nonzero(changed))
    lighter = int(np.count_nonzero(changed & (differences > 0)))
    fewer, more = sorted((lighter, count - lighter))
    if count <= _FEW:
        return Changes(fewer, more)
    covered = _find_covered(lit, changed, lighter=2 * lighter >= count)
    if _is_box(changed) and max(middle for middle, _ in covered) >= _LABEL_COVERS:
        return Changes(0, count)
    is_seen = float(np.median(np.abs(differences[changed]))) >= _STAMP_LEVELS
    if is_seen and any(middle >= _STAMP_COVERS and most <= _STAMP_MOST for middle, most in covered):
        return Changes(fewer, more)
    return Changes(more, 0)


def _find_covered(lit: Lit, changed: Mask, *, lighter: bool) -> list[tuple[float, float]]:
    """How much is covered if white was laid over the lighter picture, or black over the darker one: middle and most."""
    dark, bright = (lit.one, lit.other) if lighter else (lit.other, lit.one)
    below, above = dark[changed], bright[changed]
    white, black = (above - below) / np.maximum(255 - below, 1), (above - below) / np.maximum(above, 1)
    return [(float(np.median(paint)), float(np.quantile(paint, 0.9))) for paint in (white, black)]


def _is_box(changed: Mask) -> bool:
    """Whether all that changed is within a small, long box, and much of that did: letters may be darker than it."""
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    short, long = sorted((int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1))
    area = short * long
    filled = int(np.count_nonzero(changed)) >= _LABEL_FILLED * area
    return filled and area <= _LABEL_AREA and long >= _LABEL_LENGTH * short


def _find_extremes(plane: Plane) -> tuple[Plane, Plane]:
    """The least and the greatest of each cell and its eight neighbours."""
    wide = np.pad(plane, 1, mode="edge")
    low = np.minimum(np.minimum(wide[:-2], wide[1:-1]), wide[2:])
    high = np.maximum(np.maximum(wide[:-2], wide[1:-1]), wide[2:])
    return (
        np.minimum(np.minimum(low[:, :-2], low[:, 1:-1]), low[:, 2:]),
        np.maximum(np.maximum(high[:, :-2], high[:, 1:-1]), high[:, 2:]),
    )
