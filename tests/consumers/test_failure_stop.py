"""The stop when everything fails."""

from consumers.failure_stop import FailureStop


def test_failures_in_a_row_stop_the_taking_of_work() -> None:
    """At the limit nothing is taken for the pause, then one at a time until one succeeds."""
    stop = FailureStop(limit=3, pause=60)
    for now in (0.0, 1.0):
        assert not stop.record(failed=True, now=now)
    assert stop.allows(running=5, now=1.0)

    assert stop.record(failed=True, now=2.0)
    assert not stop.allows(running=0, now=61.9)
    assert stop.allows(running=0, now=62.0)
    assert not stop.allows(running=1, now=62.0)

    stop.record(failed=False, now=63.0)
    assert stop.allows(running=5, now=63.0)


def test_a_success_in_between_starts_the_count_anew() -> None:
    """Only failures in a row are a sign that it is not the pictures."""
    stop = FailureStop(limit=2)
    for failed in (True, False, True, False, True):
        assert not stop.record(failed=failed, now=0.0)
