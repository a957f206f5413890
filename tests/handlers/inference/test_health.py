"""Breakers: who may be given work, and when to look again."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.failures import BadAnswer, Failure, Invalid, Transient, Unavailable
from handlers.inference.health import LONGEST_WAIT, PROBE_LIMIT, TOLERATED, Breaker, BreakerState, HostHealth
from handlers.inference.hosts import parse_hosts

AWAY = Unavailable("unreachable")
GPU1, GPU2 = parse_hosts("gpu1,gpu2")


def _health() -> HostHealth:
    return HostHealth([GPU1, GPU2], Random(7))


def test_all_hosts_are_available_at_first() -> None:
    health = _health()
    assert health.available(0.0) == [GPU1, GPU2]
    assert health.due_probes(0.0) == []


def test_a_host_that_is_away_gets_no_work_until_a_probe_finds_it() -> None:
    health = _health()
    health.record(GPU1, AWAY, 100.0)
    assert health.available(100.0) == [GPU2]
    assert health.breaker(GPU1).state(100.0) is BreakerState.OPEN
    assert health.due_probes(100.5) == []
    assert health.breaker(GPU1).state(102.5) is BreakerState.HALF_OPEN
    assert health.available(102.5) == [GPU2], "half open is for the probe"
    assert health.due_probes(102.5) == [GPU1]
    assert health.due_probes(102.6) == [], "one probe at a time"
    health.record(GPU1, None, 103.0)
    assert health.available(103.0) == [GPU1, GPU2]
    health.record(GPU1, None, 104.0, 103.5)
    assert health.breaker(GPU1) == Breaker()


def test_waits_grow_to_half_a_minute() -> None:
    health, now = _health(), 0.0
    waits = []
    for _ in range(10):
        health.record(GPU1, AWAY, now)
        waits.append(health.breaker(GPU1).retry_at - now)
        now = health.breaker(GPU1).retry_at
        assert health.due_probes(now) == [GPU1]
    assert 1.0 <= waits[0] <= 2.0
    assert all(2**n <= wait <= 2 ** (n + 1) for n, wait in enumerate(waits[:4]))
    assert waits[-1] == LONGEST_WAIT
    assert health.breaker(GPU1).since == 0.0


def test_calls_that_fail_together_are_one_failure() -> None:
    health = _health()
    for _ in range(8):
        health.record(GPU1, AWAY, 10.0)
    assert health.breaker(GPU1).retry_at <= 12.0


def test_an_answer_to_what_was_begun_before_says_nothing_of_the_host_now() -> None:
    """Or more would be sent to it after each that it still answers, though it refuses new ones."""
    health = _health()
    health.record(GPU1, AWAY, 10.0, 9.0)
    health.record(GPU1, None, 10.5, 8.0)
    assert GPU1 not in health.available(10.5)
    health.record(GPU1, None, 14.0, 13.5)
    assert GPU1 in health.available(14.0)


def test_a_probe_that_never_reports_is_given_up() -> None:
    health = _health()
    health.record(GPU1, AWAY, 0.0)
    assert health.due_probes(5.0) == [GPU1]
    assert health.due_probes(5.0 + PROBE_LIMIT - 1) == []
    assert health.due_probes(5.0 + PROBE_LIMIT) == [GPU1]


def test_transient_failures_open_only_in_a_row() -> None:
    health = _health()
    for _ in range(3):
        for _ in range(TOLERATED - 1):
            health.record(GPU1, Transient("server_error"), 0.0, 0.0)
        health.record(GPU1, None, 0.0, 0.0)
    assert health.available(0.0) == [GPU1, GPU2]
    for _ in range(TOLERATED):
        health.record(GPU1, Transient("connection_reset"), 0.0, 0.0)
    assert health.available(0.0) == [GPU2]


def test_a_look_does_not_forget_that_calls_fail() -> None:
    """A full disk, say: every look is answered, no call is. It is to wait longer each time, as one that is away."""
    health, now, waits = _health(), 0.0, []
    for _ in range(TOLERATED - 1):
        health.record(GPU1, Transient("server_error"), now, now)
        health.record(GPU1, None, now)
    for _ in range(6):
        health.record(GPU1, Transient("server_error"), now, now)
        waits.append(health.breaker(GPU1).retry_at - now)
        now = health.breaker(GPU1).retry_at
        assert health.due_probes(now) == [GPU1]
        health.record(GPU1, None, now)
        assert GPU1 in health.available(now), "it is tried"
        health.record(GPU1, None, now)
        assert health.breaker(GPU1).is_on_probation, "looks again say nothing more"
    assert all(2**n <= wait <= 2 ** (n + 1) for n, wait in enumerate(waits[:4]))
    assert waits[-1] == LONGEST_WAIT


@pytest.mark.parametrize("failure", [None, Invalid("bad_request"), BadAnswer("not_json")])
def test_one_answer_ends_a_probation(failure: Failure | None) -> None:
    """A host that was merely away has all its work again."""
    health = _health()
    health.record(GPU1, AWAY, 0.0, 0.0)
    health.record(GPU1, None, 5.0)
    health.record(GPU1, failure, 6.0, 5.5)
    assert health.breaker(GPU1) == Breaker()


@pytest.mark.parametrize("failure", [None, AWAY, Transient("server_error"), Invalid("bad_request")])
def test_what_was_begun_before_a_look_says_nothing_on_probation(failure: Failure | None) -> None:
    """Calls that a server took before it was started again end after it is back."""
    health = _health()
    health.record(GPU1, AWAY, 1.0, 0.0)
    health.record(GPU1, None, 5.0)
    before = health.breaker(GPU1)
    health.record(GPU1, failure, 6.0, 0.5)
    assert health.breaker(GPU1) == before


@pytest.mark.parametrize("failure", [Transient("runner_crashed"), Transient("timeout")])
def test_what_is_the_jobs_fault_ends_no_probation(failure: Failure) -> None:
    health = _health()
    health.record(GPU1, AWAY, 0.0, 0.0)
    health.record(GPU1, None, 5.0)
    health.record(GPU1, failure, 6.0, 5.5)
    assert health.breaker(GPU1).is_on_probation


@pytest.mark.parametrize(
    "failure",
    [Transient("runner_crashed"), Transient("timeout"), Invalid("bad_request"), BadAnswer("not_json")],
)
def test_what_is_the_jobs_fault_leaves_the_host_alone(failure: Failure) -> None:
    health = _health()
    for _ in range(TOLERATED * 2):
        health.record(GPU1, failure, 0.0)
    assert health.available(0.0) == [GPU1, GPU2]


_ENDINGS = st.sampled_from([None, AWAY, Transient("server_error"), Transient("runner_crashed"), Invalid("bad_request")])


@given(st.lists(st.tuples(_ENDINGS, st.floats(0, 20), st.booleans())))
def test_no_host_is_ever_forgotten(steps: list[tuple[Failure | None, float, bool]]) -> None:
    health, now = HostHealth([GPU1], Random(1)), 0.0
    for failure, passed, look in steps:
        now += passed
        if look:
            health.due_probes(now)
        health.record(GPU1, failure, now, None if look else now)
        breaker = health.breaker(GPU1)
        assert breaker.retry_at <= now + LONGEST_WAIT
    later = now + LONGEST_WAIT + PROBE_LIMIT
    assert health.available(later) == [GPU1] or health.due_probes(later) == [GPU1]


@given(st.lists(st.tuples(_ENDINGS, st.floats(0, 20), st.booleans())))
def test_only_an_answered_call_makes_waits_short_again(steps: list[tuple[Failure | None, float, bool]]) -> None:
    """And a host on probation, or away, never gets the tolerance of one that is well."""
    health, now = HostHealth([GPU1], Random(1)), 0.0
    for failure, passed, look in steps:
        now += passed
        before = health.breaker(GPU1)
        health.record(GPU1, failure, now, None if look else now)
        after = health.breaker(GPU1)
        answered = not look and (failure is None or isinstance(failure, Invalid))
        assert after.waits >= (0 if answered else before.waits)
        if answered:
            assert after == Breaker()
        elif before.is_on_probation and isinstance(failure, Unavailable | Transient):
            assert (after.since == now) is (failure.reason != "runner_crashed")
