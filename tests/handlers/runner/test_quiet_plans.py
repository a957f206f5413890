"""What is spared where nothing changes changes nothing: a plan comes to what it would if all were made anew."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.topics import Topic
from contracts.verdicts import Status, Verdict
from db.facts import Known, Snapshot
from db.ledger import Draft
from handlers.plan import ALONE, Verdicts, close_deleted, list_announced, list_due, plan, take_fingerprint
from handlers.runner.announcing import announce
from handlers.runner.inspection_time import time_inspection
from handlers.runner.planning import Planner, PlanRequest
from tests.handlers.test_plan import CHAIN, NAMES, conditions, facts

NOW = datetime(2026, 7, 1, tzinfo=UTC)
PLANNER = Planner(CHAIN)
moments = st.none() | st.sampled_from([NOW - timedelta(days=1), NOW, NOW + timedelta(hours=1)])
statuses = st.sampled_from(Status)
reasons = st.sampled_from(["", "upstream", "present", "kept", "opted_out", "media_deleted", ALONE])
prints = st.none() | st.sampled_from([*(take_fingerprint(stage, facts()) for stage in CHAIN.stages), "another"])
verdicts = st.builds(Verdict, statuses, reasons, prints, st.integers(0, 2), st.booleans(), st.integers(0, 2), moments)
ledgers = st.dictionaries(st.sampled_from(NAMES), verdicts)
requests = st.lists(
    st.builds(PlanRequest, st.just(1), st.none(), st.none() | st.integers(0, 1), st.none() | st.just("event")),
    max_size=2,
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """A medium that the platform has, or had; often one whose plan comes to nothing."""
    now = replace(facts(**draw(conditions)), exists=draw(st.booleans()), inspected_mark=draw(st.sampled_from("mmn")))
    kept = draw(ledgers)
    if draw(st.booleans()):
        kept = dict(plan(CHAIN, now, kept))
    due = list_due(CHAIN, kept) if draw(st.booleans()) else ()
    known = Known(
        True, 3, draw(moments), 0, draw(moments), draw(st.integers(0, 1)), draw(moments), due, draw(moments) or NOW,
        draw(st.integers(0, 1)), draw(st.booleans()), draw(st.none() | st.just("KeyError: x")),
    )  # fmt: skip
    return Snapshot(NOW, now, known, kept)


def draft_anew(snapshot: Snapshot, changing: Verdicts) -> Draft:
    """As `Planner.draft`, everything made, whatever changed."""
    chained = {name: changing[name] for name in NAMES if name in changing}
    changed = {name: v for name, v in chained.items() if snapshot.verdicts.get(name) != v}
    known, plan_no = snapshot.known, snapshot.known.plan_no + bool(changed)
    events = tuple(
        (Topic.STAGE_COMPLETED.value, announce(1, name, chained[name], plan_no, {}))
        for name in list_announced(snapshot.verdicts, chained)
    )
    claimable = snapshot.facts.exists and snapshot.facts.inspected and known.plan_error is None
    due = list_due(CHAIN, chained) if claimable else ()
    run_at = min((chained[name].run_at or NOW for name in due), default=known.run_at)
    if due == known.due and not changed:
        run_at = known.run_at
    alone = any(chained[name].reason == ALONE for name in due)
    return Draft(1, replace(known, plan_no=plan_no, due=due, run_at=run_at, alone=alone), changed, events)


def plan_anew(snapshot: Snapshot, asked: list[PlanRequest]) -> Draft:
    """As `Planner.draft_medium` of a medium that was seen."""
    now, known = snapshot.facts, replace(snapshot.known, plan_error=None)
    found = plan(CHAIN, now, snapshot.verdicts) if now.exists else close_deleted(snapshot.verdicts)
    draft = draft_anew(replace(snapshot, known=known), found)
    named = any(request.source is not None for request in asked)
    row = replace(
        draft.row,
        deleted_at=None if now.exists else known.deleted_at or NOW,
        inspect_at=time_inspection(snapshot, wanted=True, named=named, detects=False),
        priority=next((r.priority for r in reversed(asked) if r.priority is not None), known.priority),
        look_at=None if now.exists else known.look_at,
        look_tries=0 if now.exists else known.look_tries,
    )
    return replace(draft, row=row, gone=not now.exists and known.deleted_at is None)


@given(snapshots(), requests)
def test_a_plan_is_what_it_would_be_if_all_were_made_anew(snapshot: Snapshot, asked: list[PlanRequest]) -> None:
    assert PLANNER.draft_medium(snapshot, asked) == plan_anew(snapshot, asked)


@given(snapshots(), ledgers)
def test_so_is_what_is_written_once_verdicts_were_settled(snapshot: Snapshot, settled: Mapping[str, Verdict]) -> None:
    changing = {**snapshot.verdicts, **settled}
    assert PLANNER.draft(snapshot, changing) == draft_anew(snapshot, changing)


@given(ledgers, st.frozensets(st.sampled_from(NAMES), min_size=1))
def test_a_job_that_is_skipped_keeps_no_try_and_no_force(kept: dict[str, Any], left_out: frozenset[str]) -> None:
    """Whatever it was before, also when it was skipped for that reason."""
    barred = dict.fromkeys(left_out, "opted_out")
    for name, verdict in plan(CHAIN, facts(), kept, barred=barred).items():
        if name in barred and verdict.status is Status.SKIPPED:
            told = verdict.reason, verdict.forced, verdict.attempt, verdict.run_at
            assert told == ("opted_out", False, 0, None)
            assert verdict.fingerprint == take_fingerprint(CHAIN.stage(name), facts())
