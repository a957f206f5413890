"""Telling sleep from time: pure."""

from hypothesis import given
from hypothesis import strategies as st

from consumers.standstill import Standstill

seconds = st.floats(0, 1e6, allow_nan=False)


@given(st.lists(st.tuples(seconds, st.floats(0, 4.0)), max_size=20), seconds)
def test_time_that_passes_on_both_clocks_is_no_sleep(steps: list[tuple[float, float]], start: float) -> None:
    """Nor is a wall clock that runs ahead a little each time."""
    standstill, wall, monotonic = Standstill(), start, 0.0
    for passed, ahead in [(0.0, 0.0), *steps]:
        wall, monotonic = wall + passed + ahead, monotonic + passed
        assert not standstill.has_slept(wall, monotonic, 5.0)


@given(st.floats(6.0, 1e6), seconds, seconds)
def test_a_sleep_is_told_once(slept: float, start: float, passed: float) -> None:
    standstill = Standstill()
    after = start + passed + slept
    clocks = [(start, 0.0), (after, passed), (after + 1, passed + 1)]
    told = [standstill.has_slept(wall, monotonic, 5.0) for wall, monotonic in clocks]
    assert told == [False, True, False]


def test_a_clock_that_is_set_back_is_no_sleep() -> None:
    standstill = Standstill()
    assert not standstill.has_slept(1000.0, 0.0, 5.0)
    assert not standstill.has_slept(500.0, 1.0, 5.0)
