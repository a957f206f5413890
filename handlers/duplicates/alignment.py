"""Lays one sketch over another: by how much it is shifted and scaled, down and across, as after a crop."""

from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.sketches import SKETCH_SIDE

Plane = NDArray[np.float64]
Mask = NDArray[np.bool_]

_MIDDLE = (SKETCH_SIDE - 1) / 2
PLACES: Plane = np.arange(SKETCH_SIDE, dtype=np.float64) - _MIDDLE
_ROUNDS = ((3, 6), (1, 6))
"""How often both are softened, and steps then: what is coarse is laid over what is coarse first."""
_UNITS = np.array([_MIDDLE, 1.0] * 2)
"""Cells by which the edge of a window moves for each figure of it."""
_LONGEST_STEP, _SHORTEST_STEP = 1.2, 0.01
"""Cells."""
_LIGHT_STEPS = 4
_TOLERANCE = 2.5
"""Times the middle difference: what differs by more has less weight, since it was overlaid or moved."""


@dataclass(frozen=True, slots=True)
class Window:
    """Where cells of the first lie in the second: `scale` times their place + `shift`, in cells from the middle."""

    scale_down: float = 1.0
    shift_down: float = 0.0
    scale_across: float = 1.0
    shift_across: float = 0.0


def align(first: Plane, second: Plane, start: Window) -> Window:
    """The window at which the second looks most like the first, near to `start`; deterministic."""
    window = start
    for softness, steps in _ROUNDS:
        one, other = soften(first, softness), soften(second, softness)
        slopes = np.gradient(other)
        for _ in range(steps):
            step = _find_step(one, (other, *slopes), window)
            window = Window(*(float(figure) for figure in np.array(astuple(window)) + step))
            if np.abs(step * _UNITS).max() < _SHORTEST_STEP:
                break
    return window


def see(window: Window, *planes: Plane) -> tuple[list[Plane], Mask]:
    """What of the planes shows in the window, cell by cell, and where the window is within them."""
    down, inside_down = _interpolate(window.scale_down, window.shift_down)
    across, inside_across = _interpolate(window.scale_across, window.shift_across)
    return [down @ plane @ across.T for plane in planes], inside_down[:, None] & inside_across


def read(window: Window, plane: Plane) -> Plane:
    """What of a plane shows in the window, by cubic curves: straight lines would blur some cells and not others."""
    down = _curve(window.scale_down, window.shift_down)
    return down @ plane @ _curve(window.scale_across, window.shift_across).T


def soften(plane: Plane, times: int = 1, share: float = 0.25) -> Plane:
    """Averages with neighbours, both ways: where grids fall otherwise, fine detail differs.

    `share` is what each neighbour counts for.
    """
    for _ in range(times):
        wide = np.pad(plane, 1, mode="edge")
        tall = share * (wide[:-2] + wide[2:]) + (1 - 2 * share) * wide[1:-1]
        plane = share * (tall[:, :-2] + tall[:, 2:]) + (1 - 2 * share) * tall[:, 1:-1]
    return plane


def soften_alike(first: Plane, second: Plane, window: Window) -> tuple[Plane, Plane]:
    """Both, softened once; the one whose cells are the smaller in the other's measure by as much more."""
    area = window.scale_down * window.scale_across
    shares = (0.25 * max(1.0, bigger) + max(0.0, bigger - 1) / 24 for bigger in (1 / area, area))
    one, other = (soften(plane, share=min(0.5, share)) for plane, share in zip((first, second), shares, strict=True))
    return one, other


def find_light(first: Plane, second: Plane) -> tuple[float, float]:
    """Gain and offset that make the first like the second, whatever a few of the cells say. Both are flat arrays."""
    gain, offset = 1.0, 0.0
    weights = np.ones_like(first)
    for _ in range(_LIGHT_STEPS):
        total = weights.sum()
        one, other = weights @ first / total, weights @ second / total
        varying = weights * (first - one)
        gain = float((varying @ second + 1e-3) / (varying @ first + 1e-3))
        offset = float(other - gain * one)
        weights = _doubt(second - gain * first - offset)
    return gain, offset


def _interpolate(scale: float, shift: float) -> tuple[Plane, Mask]:
    """Rows of weights, two in each, that read a line of cells in a window; and which of its places are within it."""
    exact = scale * PLACES + shift + _MIDDLE
    inside = (exact >= 0) & (exact <= SKETCH_SIDE - 1)
    before = np.clip(np.floor(exact), 0, SKETCH_SIDE - 2).astype(np.int64)
    share = np.clip(exact - before, 0, 1)
    weights = np.zeros((SKETCH_SIDE, SKETCH_SIDE))
    rows = np.arange(SKETCH_SIDE)
    weights[rows, before], weights[rows, before + 1] = 1 - share, share
    return weights, inside


def _curve(scale: float, shift: float) -> Plane:
    """Rows of weights, four in each (Catmull and Rom's curve), that read a line of cells in a window."""
    exact = scale * PLACES + shift + _MIDDLE
    before = np.floor(exact).astype(np.int64)
    share = exact - before
    weights = np.zeros((SKETCH_SIDE, SKETCH_SIDE))
    for step in (-1, 0, 1, 2):
        away = np.abs(share - step)
        near, far = 1.5 * away**3 - 2.5 * away**2 + 1, -0.5 * away**3 + 2.5 * away**2 - 4 * away + 2
        weight = np.where(away <= 1, near, far)
        np.add.at(weights, (np.arange(SKETCH_SIDE), np.clip(before + step, 0, SKETCH_SIDE - 1)), weight)
    return weights


def _find_step(one: Plane, other_and_slopes: tuple[Plane, ...], window: Window) -> Plane:
    """One step of Gauss and Newton towards the window, gain and offset that leave the least difference."""
    (seen, down, across), inside = see(window, *other_and_slopes)
    rows, columns = np.broadcast_arrays(PLACES[:, None], PLACES)
    planes = (down * rows, down, across * columns, across, -one, -np.ones_like(one))
    terms = np.stack([plane[inside] for plane in planes], axis=1)
    if len(terms) < SKETCH_SIDE:
        return np.zeros(4)
    gain, offset = find_light(one[inside], seen[inside])
    weights = _doubt(seen[inside] - gain * one[inside] - offset)
    step = _solve(terms, -seen[inside], weights)[:4]
    return np.clip(step, -_LONGEST_STEP / _UNITS, _LONGEST_STEP / _UNITS)


def _doubt(differences: Plane) -> Plane:
    """Weights: half for a difference at the limit of what is tolerated."""
    limit = _TOLERANCE * float(np.median(np.abs(differences))) + 0.5
    weights: Plane = 1 / (1 + (differences / limit) ** 2)
    return weights


def _solve(terms: Plane, values: Plane, weights: Plane) -> Plane:
    """Weighted least squares, where there may be too little to tell."""
    weighted = terms * weights[:, None]
    solved = np.linalg.solve(weighted.T @ terms + 1e-3 * np.eye(terms.shape[1]), weighted.T @ values)
    return np.asarray(solved, np.float64)
