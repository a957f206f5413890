"""The checker itself: a run in order passes, and each way to break one is seen and named."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from aiokafka.structs import ConsumerRecord

from contracts.topics import Topic
from tests.acceptance.figures import count
from tests.acceptance.invariants import Evidence
from tests.acceptance.wire import Sent
from tests.acceptance.world import CAPTION, TITLE

HASH, FINGERPRINT = "hash", "fingerprint"


def job(status: str = "done", **other: Any) -> dict[str, Any]:
    return {"status": status, "reason": "", "generation": 0, "attempt": 0, "fingerprint": FINGERPRINT, **other}


def run(job_type: str, **other: Any) -> dict[str, Any]:
    given = {"media_id": 7, "job_type": job_type, "generation": 0, "outcome": "done", "host": "gpu1"}
    return {**given, "fingerprint": FINGERPRINT, "content_hash": HASH, "reused_from": None, **other}


def event(number: int, job_type: str, **other: Any) -> ConsumerRecord[bytes, bytes]:
    said = {"media_id": 7, "job_type": job_type, "generation": 0, "outcome": "done", "reason": "", "plan_no": number}
    value = orjson.dumps({**said, **other})
    return ConsumerRecord("t", 0, number, 0, 0, b"7", value, None, 1, len(value), (("ce_id", b"%d" % number),))


def call(job_type: str, start: float, end: float) -> dict[str, Any]:
    return {"media": "7", "job": job_type, "start": start, "end": end}


GOOD = Evidence(
    jobs={(7, CAPTION): job(), (7, TITLE): job()},
    runs=[run(CAPTION), run(TITLE)],
    events=[event(1, CAPTION), event(2, TITLE), event(2, TITLE)],
    calls=[call(CAPTION, 1.0, 2.0), call(TITLE, 2.0, 3.0)],
    media={7: {"plan_no": 2, "content_hash": HASH}},
    letters=frozenset({(Topic.MEDIA_CREATED, 0, 1)}),
    sent=[Sent(Topic.MEDIA_CREATED, 0, 0, 7), Sent(Topic.MEDIA_CREATED, 0, 1, 8)],
    offsets={Topic.MEDIA_CREATED: [2]},
    written={(7, "locks"): ["title"]},
    people={(7, "locks"): ["title"]},
    lease=3.0,
)
TORN = event(2, TITLE, plan_no=9)
BROKEN: dict[str, Evidence] = {
    "I1 one effect": replace(GOOD, runs=[*GOOD.runs, run(TITLE)]),
    "I1 an effect behind every job done": replace(GOOD, runs=[run(CAPTION)]),
    "I2 every event planned or buried": replace(GOOD, letters=frozenset()),
    "I3 no offset before the plan": replace(GOOD, letters=frozenset()),
    "I4 one event of each change": replace(GOOD, events=[*GOOD.events, event(3, TITLE)]),
    "I4 an event of every verdict": replace(GOOD, events=GOOD.events[:1]),
    "I4 a verdict behind every event": replace(GOOD, events=[*GOOD.events, event(3, TITLE, generation=1)]),
    "I5 repeats are equal": replace(GOOD, events=[*GOOD.events, TORN]),
    "I6 commit order": replace(GOOD, events=[event(1, CAPTION, plan_no=5), event(2, TITLE)]),
    "I7 the outbox is empty": replace(GOOD, outbox=1),
    "I8 one call at a time": replace(GOOD, calls=[call(CAPTION, 1.0, 2.0), call(TITLE, 1.5, 3.0)]),
    "I8 leases and slots are back": replace(GOOD, held=[("media", "7")]),
    "I9 answers are of the pixels": replace(GOOD, media={7: {"plan_no": 2, "content_hash": "another"}}),
    "I10 upstreams first": replace(GOOD, events=[event(1, TITLE), event(2, CAPTION)]),
    "I11 attempts are bounded": replace(GOOD, jobs={(7, CAPTION): job(attempt=4), (7, TITLE): job()}),
    "I12 all is terminal": replace(GOOD, jobs={**GOOD.jobs, (8, TITLE): job("due")}),
    "I17 people's values": replace(GOOD, written={(7, "locks"): []}),
}


def test_a_run_in_order_passes() -> None:
    GOOD.check_at_rest()


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_invariant_is_named(name: str) -> None:
    found = BROKEN[name].find_broken() | BROKEN[name].find_unfinished()
    assert name in found
    with pytest.raises(AssertionError):
        BROKEN[name].check_at_rest()


def test_a_call_may_overlap_one_whose_worker_has_lost_its_lease() -> None:
    late = replace(GOOD, calls=[call(CAPTION, 1.0, 9.0), call(CAPTION, 4.0, 5.0)])
    assert "I8 one call at a time" not in late.find_broken()


FIGURES: dict[str, tuple[Evidence, int]] = {
    "lost": (replace(GOOD, letters=frozenset(), outbox=2), 3),
    "doubled": (replace(GOOD, runs=[*GOOD.runs, run(TITLE)], events=[*GOOD.events, event(3, TITLE)]), 2),
    "wasted": (replace(GOOD, calls=[*GOOD.calls, call(TITLE, 4.0, 5.0)]), 1),
    "failed": (replace(GOOD, jobs={(7, CAPTION): job("failed"), (7, TITLE): job()}), 1),
    "letters": (GOOD, 1),
    "repeats": (GOOD, 1),
    "calls": (GOOD, 2),
}


@pytest.mark.parametrize("name", FIGURES)
def test_what_a_run_came_to_is_counted(name: str) -> None:
    evidence, number = FIGURES[name]
    assert getattr(count(evidence, 1.0), name) == number


def test_dead_letters_that_had_to_be_are_not_counted() -> None:
    assert count(GOOD, 1.0, letters=1).letters == 0
