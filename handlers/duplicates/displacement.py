"""How far each part of a picture stands from where it stood in another one, once both are laid over each other.

Edits leave every part of a picture where it was. Another view or a variant moves its parts against each other: by less
than a cell, but all over. How far a part was moved is found by least squares: what differs there is as if the levels
were taken from so far away (Lucas and Kanade 1981), and lighter or darker all over the part.
"""

from dataclasses import dataclass

import numpy as np

from handlers.duplicates.alignment import PLACES, Mask, Plane, Window

_REACH = 3
"""Cells: a part is seven cells wide and high, and there is one around each cell."""
_FEWEST = 30
"""Cells of a part that have to count."""
_LEAST_NOISE = 0.6
"""Levels (standard deviation) that cells differ by anyway."""
_SURE = 16.0
"""Times the noise of one cell (variance): what a displacement has to explain of the differences of a part ..."""
_EXPLAINED = 0.4
"""... and which share of them."""
_NEAR, _FAR = 0.2, 4.0
"""Cells: parts that are nearer to their place are where they were, and from farther away nothing is told."""

_STEEP, _COMMON = 20.0, 2.0
"""What tells where all of it stands: parts with so much that is steep, and cells that they stand away at most."""
_FEWEST_PARTS = 100
_LINE_STEPS = 4


@dataclass(frozen=True, slots=True)
class Displacement:
    """By part: how far down and across the second has what the first has here.

    `steep` says how well that is known, `told` which parts surely differ by it and by nothing else, `parts` which of
    them there are.
    """

    down: Plane
    across: Plane
    steep: Plane
    told: Mask
    parts: Mask

    @property
    def share(self) -> float:
        """The share of parts that stand elsewhere, 0 to 1."""
        far = np.hypot(self.down, self.across)
        elsewhere = self.told & (far > _NEAR) & (far < _FAR)
        return int(np.count_nonzero(elsewhere)) / max(1, int(np.count_nonzero(self.parts)))

    def correct(self, window: Window) -> Window:
        """The window moved by what all parts have in common: as far as shifting and scaling explain it."""
        known = self.parts & (self.steep > _STEEP) & (np.hypot(self.down, self.across) < _COMMON)
        if np.count_nonzero(known) < _FEWEST_PARTS:
            return window
        rows, columns = np.broadcast_arrays(PLACES[:, None], PLACES)
        weights = np.sqrt(self.steep[known])
        down = _fit_line(rows[known], self.down[known], weights)
        across = _fit_line(columns[known], self.across[known], weights)
        return Window(
            window.scale_down + down[0],
            window.shift_down + down[1],
            window.scale_across + across[0],
            window.shift_across + across[1],
        )


def find_displacement(one: Plane, other: Plane, counted: Mask) -> Displacement:
    """Both are of the same light, and laid over each other; `counted` says where levels mean anything."""
    differences = np.where(counted, other - one, 0.0)
    down, across = (np.where(counted, slope, 0.0) for slope in np.gradient((one + other) / 2))
    cells = _add_up(counted.astype(np.float64))
    parts = cells >= _FEWEST
    many = np.maximum(cells, 1)
    sums = [_add_up(plane) for plane in (differences, down, across)]

    def vary(first: int, second: int) -> Plane:
        planes = (differences, down, across)
        return _add_up(planes[first] * planes[second]) - sums[first] * sums[second] / many

    steep_down, steep_across, both = vary(1, 1) + 1e-3, vary(2, 2) + 1e-3, vary(1, 2)
    to_down, to_across, all_of_it = vary(0, 1), vary(0, 2), vary(0, 0)
    determinant = steep_down * steep_across - both**2
    by_down = (both * to_across - steep_across * to_down) / determinant
    by_across = (both * to_down - steep_down * to_across) / determinant
    explained = -(by_down * to_down + by_across * to_across)
    noise = max(_LEAST_NOISE, 1.4826 * float(np.median(np.abs(differences[counted])))) if counted.any() else 1.0
    told = parts & (explained > _SURE * noise**2) & (explained > _EXPLAINED * all_of_it)
    return Displacement(by_down, by_across, np.minimum(steep_down, steep_across), told, parts)


def _fit_line(places: Plane, values: Plane, weights: Plane) -> tuple[float, float]:
    """Slope and height of the line that most of the values are near to."""
    slope = height = 0.0
    trusted = weights
    for _ in range(_LINE_STEPS):
        total = trusted.sum()
        place, value = trusted @ places / total, trusted @ values / total
        away = places - place
        slope = float((trusted * away) @ (values - value) / (trusted @ away**2 + 1e-9))
        height = float(value - slope * place)
        off = values - slope * places - height
        trusted = weights / (1 + (off / (2 * float(np.median(np.abs(off))) + 0.05)) ** 2)
    return slope, height


def _add_up(plane: Plane) -> Plane:
    """The sum over each cell's part."""
    side = 2 * _REACH + 1
    sums = np.pad(plane, ((_REACH + 1, _REACH), (_REACH + 1, _REACH))).cumsum(axis=0).cumsum(axis=1)
    added: Plane = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return added
