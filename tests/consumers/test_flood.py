"""When dead letters stop intake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.flood import Flooded, FloodGate


def test_a_row_of_dead_letters_stops_and_a_good_event_ends_the_row() -> None:
    gate = FloodGate(consecutive=3, window=0).after([True, True, False, True, True])
    with pytest.raises(Flooded):
        gate.after([True])
    assert gate.after([False]).after([True, True]).row == 2


def test_nine_tenths_of_a_full_window_stop_and_less_do_not() -> None:
    gate = FloodGate(consecutive=0, window=10).after([True] * 4 + [False] + [True] * 4)
    with pytest.raises(Flooded, match="9 of the last 10 events"):
        gate.after([True])
    gate.after([False])


def test_it_stops_at_a_thousand_in_a_row_or_nine_hundred_of_the_last_thousand() -> None:
    FloodGate().after([True] * 999)
    with pytest.raises(Flooded, match="1000 of the last 1000 events"):
        FloodGate().after([True] * 1_000)
    FloodGate().after([True] * 899 + [False] * 101)
    with pytest.raises(Flooded, match="900 of the last 1000 events"):
        FloodGate().after([False] + [True] * 900 + [False] * 99)


@given(st.lists(st.booleans(), max_size=60), st.lists(st.integers(1, 7)))
def test_it_stops_wherever_batches_end(dead: list[bool], sizes: list[int]) -> None:
    def stop(batches: list[list[bool]]) -> bool:
        gate = FloodGate(consecutive=5, window=8, share=0.75)
        try:
            for batch in batches:
                gate = gate.after(batch)
        except Flooded:
            return True
        return False

    batches, rest = [], dead
    for size in sizes:
        batches.append(rest[:size])
        rest = rest[size:]
    assert stop([*batches, rest]) == stop([dead]) == is_flooded(dead, 5, 8, 6)


def is_flooded(dead: list[bool], row: int, window: int, most: int) -> bool:
    """The same, said of the whole."""
    ends = range(1, len(dead) + 1)
    return any(end >= row and all(dead[end - row : end]) for end in ends) or any(
        end >= window and sum(dead[end - window : end]) >= most for end in ends
    )


def test_what_left_the_window_counts_no_more() -> None:
    gate = FloodGate(consecutive=0, window=10).after([True] * 5 + [False] * 10)
    assert gate.after([True] * 5).last.count(True) == 5


def test_nothing_stops_a_gate_that_is_switched_off() -> None:
    FloodGate(consecutive=0, window=0).after([True] * 5_000)
