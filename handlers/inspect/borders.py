"""Where a picture begins within a border of one colour."""

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels, the latter two outside."""

_RANGE = 12
"""Levels between the darkest and the brightest pixel of a line of border: what a JPEG leaves of one colour."""
_DRIFT = 4
"""Levels by which a line may differ from the outermost one."""
_WIDEST = 0.3
"""Share of a side, at each end."""


def find_inside(levels: NDArray[np.uint8]) -> Box:
    """What is within the border, without the line where both mix; everything if there is no border.

    A border is on two opposite sides, or on all four. An even sky is on one, and none.
    """
    top, bottom = _measure(levels)
    left, right = _measure(levels.T)
    height, width = levels.shape
    return left, top, width - right, height - bottom


def _measure(lines: NDArray[np.uint8]) -> tuple[int, int]:
    first, last = _count(lines), _count(lines[::-1])
    return (first + 1, last + 1) if first and last else (0, 0)


def _count(lines: NDArray[np.uint8]) -> int:
    """How many lines of border there are from the first one on."""
    outer = lines[: int(len(lines) * _WIDEST)].astype(np.int64)
    sums = outer.sum(axis=1)
    plain = (outer.max(axis=1) - outer.min(axis=1) <= _RANGE) & (np.abs(sums - sums[0]) <= _DRIFT * lines.shape[1])
    return len(plain) if plain.all() else int(np.argmin(plain))
