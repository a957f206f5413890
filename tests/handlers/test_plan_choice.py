"""What becomes of jobs that are not chosen: transitions 32 to 34 of docs/ledger.md."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.verdicts import Status, Verdict
from handlers.plan import Verdicts, list_announced, list_due, plan
from tests.handlers.test_plan import CHAIN, NAMES, conditions, facts, settle, shown

ALL = dict.fromkeys(NAMES, "filtered_path")


def test_nothing_is_done_to_a_medium_that_is_left_out_and_everybody_is_told() -> None:
    """32, R8: each job is skipped at once, and nobody waits for an upstream."""
    verdicts = plan(CHAIN, facts(), {}, barred=ALL)

    assert {(v.status, v.reason) for v in verdicts.values()} == {(Status.SKIPPED, "filtered_path")}
    assert list_announced({}, verdicts) == NAMES
    assert verdicts == plan(CHAIN, facts(), verdicts, barred=ALL)


def test_a_medium_that_nobody_looked_at_is_left_out_without_a_look() -> None:
    """33: the picture need not be read at all; later it is the first generation of its pixels."""
    unseen = replace(facts(), inspected_mark=None, content_hash=None)
    verdicts = plan(CHAIN, unseen, {}, barred=ALL)
    assert shown(verdicts) == dict.fromkeys(NAMES, "skipped")
    assert {v.fingerprint for v in verdicts.values()} == {None}

    assert plan(CHAIN, unseen, verdicts) == verdicts, "P7: until somebody has looked"
    looked_at = plan(CHAIN, facts(), verdicts)
    assert shown(looked_at) == {"a": "due", "b": "waiting", "c": "waiting"}
    assert {v.generation for v in looked_at.values()} == {0}


def test_where_something_is_left_to_do_the_picture_is_waited_for() -> None:
    """P7: one job type barred is no reason to decide before the inspection."""
    unseen = replace(facts(), inspected_mark=None)
    assert plan(CHAIN, unseen, {}, barred={"a": "opted_out"}) == {}

    verdicts = plan(CHAIN, facts(), {}, barred={"a": "opted_out"})
    assert shown(verdicts) == {"a": "skipped", "b": "due", "c": "waiting"}
    assert CHAIN.wants({"a": "opted_out"})
    assert not CHAIN.wants(ALL)


def test_what_is_done_or_failed_stands() -> None:
    verdicts = settle(plan(CHAIN, facts(), {}), "a")
    verdicts = settle(plan(CHAIN, facts(), verdicts), "b", Status.FAILED)
    for now in (facts(), replace(facts(), mark="moved")):
        left = plan(CHAIN, now, verdicts, barred=ALL)
        assert shown(left) == {"a": "done", "b": "failed", "c": "skipped"}
        assert list_announced(verdicts, left) == ("c",)


def test_force_does_not_win_over_it_and_is_used_up() -> None:
    """R6, P13: left out is impossible, not satisfied."""
    verdicts = settle(plan(CHAIN, facts(), {}), "a")
    for now in (facts(), replace(facts(), mark="moved")):
        forced = plan(CHAIN, now, verdicts, frozenset({"a"}), dict.fromkeys(NAMES, "opted_out"))
        assert (forced["a"].status, forced["a"].reason, forced["a"].generation) == (Status.SKIPPED, "opted_out", 1)
        assert not forced["a"].forced


def test_what_is_chosen_again_resumes() -> None:
    """34: the first is asked at once, and what comes after waits for it as if it had never been left out."""
    verdicts = plan(CHAIN, facts(b="here"), {}, barred=ALL)
    again = plan(CHAIN, facts(b="here"), verdicts)

    assert shown(again) == {"a": "due", "b": "waiting", "c": "waiting"}
    assert list_announced(verdicts, again) == ()
    after = plan(CHAIN, facts(b="here"), settle(again, "a"))
    assert shown(after) == {"a": "done", "b": "skipped", "c": "due"}
    assert {v.generation for v in after.values()} == {0}


def test_a_due_job_is_taken_back() -> None:
    """P3: its answer is not settled, for it is no longer due."""
    verdicts = plan(CHAIN, facts(), plan(CHAIN, facts(), {}), barred={"a": "opted_out"})

    assert (verdicts["a"].status, list_due(CHAIN, verdicts)) == (Status.SKIPPED, ("b",))


def test_another_programs_job_is_not_awaited_either() -> None:
    chain = replace(CHAIN, foreign=frozenset({"a"}))

    assert plan(chain, facts(), {}, barred=ALL)["a"].reason == "filtered_path"


barrings = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["opted_out", "filtered_path", "filtered_age"]))
steps = st.one_of(
    st.tuples(st.just("plan"), conditions, barrings, st.booleans()),
    st.tuples(st.just("force"), st.frozensets(st.sampled_from(NAMES), min_size=1)),
    st.tuples(st.just("finish"), st.sampled_from([Status.DONE, Status.FAILED])),
)


@given(st.lists(steps, max_size=20))
def test_any_history_of_choices_keeps_the_ledger_true(history: list[tuple[Any, ...]]) -> None:
    """Nothing barred is due, each plan is stable and quiet when repeated, and all of it ends once all is chosen."""
    verdicts: Verdicts = {}
    now, barred = facts(), dict[str, str]()
    for kind, *what in history:
        before = verdicts
        match kind:
            case "plan":
                now = replace(facts(**what[0]), mark="m" if what[2] else "moved")
                barred = what[1]
                verdicts = plan(CHAIN, now, verdicts, barred=barred)
            case "force":
                verdicts = plan(CHAIN, now, verdicts, what[0], barred)
            case "finish" if now.inspected and (due := list_due(CHAIN, verdicts)):
                verdicts = plan(CHAIN, now, settle(verdicts, due[0], what[0]), barred=barred)
        assert all(verdict.generation >= before.get(name, Verdict()).generation for name, verdict in verdicts.items())
        if kind != "finish":
            assert not (now.inspected and set(list_due(CHAIN, verdicts)) & barred.keys())
            assert plan(CHAIN, now, verdicts, barred=barred) == verdicts
    _finish(verdicts)


def _finish(verdicts: Verdicts) -> None:
    """I12: chosen and inspected, everything becomes terminal."""
    now = facts()
    verdicts = plan(CHAIN, now, verdicts)
    while due := list_due(CHAIN, verdicts):
        verdicts = plan(CHAIN, now, settle(verdicts, due[0]))
    assert all(verdict.status.terminal for verdict in verdicts.values())
    assert not {verdict.reason for verdict in verdicts.values()} & {"opted_out", "filtered_path", "filtered_age"}


def test_a_reason_gives_way_to_the_next_one() -> None:
    """9: skipped for one reason, then left out, then asked again."""
    verdicts = plan(CHAIN, facts(a="here"), {})
    left = plan(CHAIN, facts(a="here"), verdicts, barred=ALL)

    assert left["a"].reason == "filtered_path"
    assert plan(CHAIN, facts(a="here"), left)["a"].reason == "present"
