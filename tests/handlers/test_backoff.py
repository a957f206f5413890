"""Back-off, for every attempt there can be."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.backoff import Backoff


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_delays_stay_between_half_the_base_and_one_and_a_half_caps(attempt: int, spread: float) -> None:
    """Never at once, never for ever."""
    delay = Backoff(tries=3, base=2.0, cap=60.0).delay(attempt, spread)

    assert 1.0 <= delay <= 90.0


@given(st.integers(0, 40), st.floats(0, 1, exclude_max=True))
def test_delays_do_not_shrink_with_attempts(attempt: int, spread: float) -> None:
    """At the same spread, a later try waits at least as long."""
    backoff = Backoff(tries=3, base=0.5, cap=60.0)

    assert backoff.delay(attempt, spread) <= backoff.delay(attempt + 1, spread)
