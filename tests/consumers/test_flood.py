"""When dead letters stop intake."""

import pytest

from consumers.flood import Flooded, FloodGate


def test_a_row_of_dead_letters_stops_and_a_good_event_ends_the_row() -> None:
    gate = FloodGate(consecutive=3, window=0).after([True, True, False, True, True])
    with pytest.raises(Flooded):
        gate.after([True])
    assert gate.after([False]).after([True, True]).row == 2


def test_more_than_half_of_a_full_window_stops() -> None:
    gate = FloodGate(consecutive=0, window=4).after([True, True, False])
    with pytest.raises(Flooded):
        gate.after([True])
    gate = gate.after([False, True, False, True, False, True])
    with pytest.raises(Flooded):
        gate.after([True])


def test_what_left_the_window_counts_no_more() -> None:
    gate = FloodGate(consecutive=0, window=10).after([True] * 5 + [False] * 10)
    assert gate.after([True] * 5).last.count(True) == 5


def test_nothing_stops_a_gate_that_is_switched_off() -> None:
    FloodGate(consecutive=0, window=0).after([True] * 5_000)
