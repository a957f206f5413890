"""The figures of the part saturation, of calls that are written down by hand."""

from typing import Any

import pytest

from bench import saturation
from bench.saturation import JOBS, Case, Done
from bildwerk.sandbox.simulated_ollama.calls import Record
from bildwerk.sandbox.simulated_ollama.drawn_times import DrawnTimes

CAPTION, TITLE = JOBS


def make(*calls: tuple[str, str, float, float], slots: int = 2) -> Done:
    """The calls as the simulated server lists them, each (media, job, start, end)."""
    listed: list[dict[str, Any]] = [dict(zip(("media", "job", "start", "end"), call, strict=True)) for call in calls]
    return Done(Case(slots, media=2, mean=1.0, spread=0.0), listed, (), {})


def test_the_floor_is_of_all_slots_or_of_the_longest_chain() -> None:
    done = make(("1", CAPTION, 0, 1), ("1", TITLE, 1, 4), ("2", CAPTION, 0, 1), ("2", TITLE, 2, 3))

    assert (done.makespan, done.share, done.longest) == (4, 3, 4)


def test_slots_are_judged_as_long_as_a_medium_waits() -> None:
    """The second medium is begun at 3: until then one slot was held for 2, the other one never."""
    done = make(("1", CAPTION, 0, 2), ("1", TITLE, 3, 9), ("2", CAPTION, 3, 4), ("2", TITLE, 4, 5))

    assert done.busy == 2 / (2 * 3)


def test_calls_of_a_medium_one_after_the_other_in_the_order_of_the_chain_are_no_inversions() -> None:
    again = [("1", job, start, start + 1.0) for start, job in enumerate([CAPTION, TITLE] * 3)]

    assert make(*again, ("2", CAPTION, 0.5, 1.5), ("2", TITLE, 1.5, 2)).inversions == 0


def test_overlapping_calls_of_a_medium_and_those_in_another_order_are_counted() -> None:
    assert make(("1", CAPTION, 0, 2), ("1", TITLE, 1, 3)).inversions == 1
    assert make(("1", TITLE, 0, 1), ("1", CAPTION, 1, 2)).inversions == 2
    assert make(("1", CAPTION, 0, 1), ("1", CAPTION, 1, 2), ("1", TITLE, 2, 3)).inversions == 2


@pytest.mark.parametrize(
    "case", [saturation.CASES[saturation.FEW], *(case for day in saturation.DAYS.values() for case in day.values())]
)
def test_where_a_goal_wants_it_the_longest_chain_is_a_fiftieth_of_the_floor(case: Case) -> None:
    """Call times are drawn by medium and job, so that the cases are the same in every round."""
    drawn, media = DrawnTimes(case.mean, case.spread), [str(number + 1) for number in range(case.media)]
    chains = [sum(drawn.of(Record(0, "", 0.0, one, job)) for job in JOBS) for one in media]
    assert sum(chains) / case.slots >= 50 * max(chains)
