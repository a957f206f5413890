"""How far parts of a picture stand from where they stood: exactly known where it was moved by a program."""

import numpy as np
import pytest

from contracts.sketches import SKETCH_SIDE
from handlers.duplicates.alignment import Plane, Window, see, soften
from handlers.duplicates.displacement import find_displacement

INSIDE = np.ones((SKETCH_SIDE, SKETCH_SIDE), np.bool_)


@pytest.fixture
def plane() -> Plane:
    return soften(np.random.default_rng(1).uniform(0, 255, (SKETCH_SIDE, SKETCH_SIDE)), times=4)


@pytest.mark.parametrize(("down", "across"), [(0.4, 0.0), (0.0, -0.4), (0.3, 0.3)])
def test_a_shift_of_all_is_found_and_corrected(plane: Plane, down: float, across: float) -> None:
    moved = Window(shift_down=down, shift_across=across)
    (seen,), inside = see(moved, plane)
    found = find_displacement(plane, seen, inside)
    assert found.share > 0.8
    corrected = found.correct(moved)
    assert abs(corrected.shift_down) < abs(down) / 3 + 0.02
    assert abs(corrected.shift_across) < abs(across) / 3 + 0.02
    assert corrected.scale_down == pytest.approx(1, abs=0.01)


def test_what_is_lighter_all_over_stands_where_it_stood(plane: Plane) -> None:
    assert find_displacement(plane, plane, INSIDE).share == 0
    assert find_displacement(plane, plane + 20, INSIDE).share == 0


def test_parts_that_stand_elsewhere_are_counted(plane: Plane) -> None:
    (elsewhere,), _ = see(Window(shift_across=0.5), plane)
    half = plane.copy()
    half[:, SKETCH_SIDE // 2 :] = elsewhere[:, SKETCH_SIDE // 2 :]
    assert find_displacement(plane, half, INSIDE).share == pytest.approx(0.5, abs=0.1)


def test_nothing_is_told_of_what_does_not_count(plane: Plane) -> None:
    (seen,), _ = see(Window(shift_down=0.5), plane)
    assert find_displacement(plane, seen, ~INSIDE).share == 0
    window = Window(shift_down=0.5)
    assert find_displacement(plane, seen, ~INSIDE).correct(window) == window


def test_noise_stands_nowhere_else(plane: Plane) -> None:
    noisy = plane + np.random.default_rng(2).normal(0, 1, plane.shape)
    assert find_displacement(plane, noisy, INSIDE).share < 0.02
