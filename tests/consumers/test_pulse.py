"""Who owes a sign of life: decided from the beats alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from consumers.pulse import Pulse, find_overdue

SECONDS = st.floats(0, 1e6)


@dataclass
class Clock:
    """Time as a test tells it."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=1), st.floats(0.1, 1e6), SECONDS)
def test_a_loop_is_overdue_when_its_rest_and_its_patience_are_over(
    beats: Sequence[tuple[float, float]], patience: float, later: float
) -> None:
    clock = Clock()
    pulse = Pulse(patience, clock)
    for passed, rest in beats:
        clock.now += passed
        pulse.beat(rest)
        assert find_overdue({"loop": pulse}, clock.now) == []

    overdue = find_overdue({"loop": pulse}, clock.now + later) == ["loop"]

    assert overdue == (clock.now + later > clock.now + beats[-1][1] + patience)


@given(SECONDS)
def test_one_that_has_not_begun_or_was_asked_to_end_owes_nothing(now: float) -> None:
    ended = Pulse()
    ended.beat()
    ended.end(asked=True)
    assert find_overdue({"new": Pulse(), "ended": ended}, now) == []


@given(SECONDS)
def test_one_that_ended_by_itself_is_missed_at_once(now: float) -> None:
    dead = Pulse(math.inf)
    dead.beat()
    dead.end(asked=False)
    assert find_overdue({"b": dead, "a": dead, "well": Pulse()}, now) == ["a", "b"]
