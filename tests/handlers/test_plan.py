"""The pure decision, by the rules P and the numbered transitions of docs/ledger.md."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue

from contracts.effects import Effects
from contracts.facts import MediaFacts
from contracts.verdicts import Status, Verdict
from handlers.chain import Chain
from handlers.models import Models
from handlers.plan import Verdicts, close_deleted, list_announced, list_due, plan, reopen_failed, take_fingerprint
from handlers.stage import Condition, Due, Impossible, Prompt, Satisfied


class Nothing(BaseModel):
    """An answer that nobody asks for here."""


@dataclass(frozen=True)
class Step:
    """A stage whose condition is read off the facts: meta[name] is None (due), "here" (satisfied) or "never"."""

    job_type: str
    after: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    needs_picture: bool = True
    Answer: type[Nothing] = Nothing

    def condition(self, facts: MediaFacts) -> Condition:
        match facts.meta.get(self.job_type):
            case "here":
                return Satisfied("present")
            case "never":
                return Impossible("kept")
            case _:
                return Due()

    def triggers(self, facts: MediaFacts) -> dict[str, JsonValue]:  # noqa: ARG002
        return {}

    def decide(self, facts: MediaFacts) -> Effects | None:
        raise NotImplementedError

    def prompt(self, facts: MediaFacts) -> Prompt:
        raise NotImplementedError

    def check(self, facts: MediaFacts, answer: Nothing) -> Nothing:
        raise NotImplementedError

    def effects(self, facts: MediaFacts, answer: Nothing) -> Effects:
        raise NotImplementedError


CHAIN = Chain((Step("a"), Step("b", after=("a",)), Step("c", after=("b",))))
NAMES = ("a", "b", "c")


def facts(content: str | None = "f1", **meta: JsonValue) -> MediaFacts:
    return MediaFacts(1, mark="m", inspected_mark="m", content_hash=content, meta=meta)


def settle(verdicts: Verdicts, name: str, status: Status = Status.DONE) -> Verdicts:
    """What a finish does to a due job (18, 19)."""
    return {**verdicts, name: replace(verdicts[name], status=status, reason="", forced=False, attempt=0)}


def shown(verdicts: Verdicts) -> dict[str, str]:
    return {name: verdict.status.value for name, verdict in verdicts.items()}


def test_first_plan_makes_the_first_stage_due_and_the_others_wait() -> None:
    """1, 2, 3, P12: what comes after waits for everything before it."""
    verdicts = plan(CHAIN, facts(), {})

    assert shown(verdicts) == {"a": "due", "b": "waiting", "c": "waiting"}
    assert {0} == {verdict.generation for verdict in verdicts.values()}
    assert list_due(CHAIN, verdicts) == ("a",)


def test_a_failed_stage_counts_as_finished_for_what_comes_after() -> None:
    """R8."""
    verdicts = plan(CHAIN, facts(), settle(plan(CHAIN, facts(), {}), "a", Status.FAILED))

    assert shown(verdicts) == {"a": "failed", "b": "due", "c": "waiting"}


def test_satisfied_is_skipped_and_goes_on_down_the_chain() -> None:
    """4: no job is done again whose value is there; the one plan passes it and looks at the next."""
    verdicts = plan(CHAIN, facts(a="here", b="never"), {})

    assert shown(verdicts) == {"a": "skipped", "b": "skipped", "c": "due"}
    assert (verdicts["a"].reason, verdicts["b"].reason) == ("present", "kept")


def test_force_overrides_satisfied_but_not_impossible() -> None:
    """4, 5, R6."""
    here = facts(a="here", b="never")
    verdicts = plan(CHAIN, here, plan(CHAIN, here, {}), frozenset({"a", "b"}))

    assert Status.DUE is verdicts["a"].status
    after = plan(CHAIN, here, settle(verdicts, "a"))
    assert Status.SKIPPED is after["b"].status
    assert not after["b"].forced
    assert (after["a"].generation, after["b"].generation) == (1, 1)


def test_force_of_an_upstream_takes_a_due_job_back() -> None:
    """P3: a job that is running is no longer due, so that its answer is not settled too early."""
    verdicts = plan(CHAIN, facts(), settle(plan(CHAIN, facts(), {}), "a"))
    assert Status.DUE is verdicts["b"].status

    assert Status.WAITING is plan(CHAIN, facts(), verdicts, frozenset({"a"}))["b"].status


def test_done_is_not_done_again_because_its_upstream_is() -> None:
    """P16."""
    verdicts = plan(CHAIN, facts(), {})
    for name in NAMES:
        verdicts = plan(CHAIN, facts(), settle(verdicts, name))
    again = plan(CHAIN, facts(), settle(plan(CHAIN, facts(), verdicts, frozenset({"a"})), "a"))

    assert shown(again) == {"a": "done", "b": "done", "c": "done"}
    assert tuple(again[name].generation for name in NAMES) == (1, 0, 0)


def test_other_pixels_and_back_are_three_generations() -> None:
    """P10."""
    verdicts = settle(plan(CHAIN, facts("f1"), {}), "a")
    verdicts = settle(plan(CHAIN, facts("f2"), verdicts), "a")
    verdicts = plan(CHAIN, facts("f1"), verdicts)

    assert (verdicts["a"].status, verdicts["a"].generation) == (Status.DUE, 2)


def test_skipped_asks_again_when_its_upstream_was_retried() -> None:
    """P11, 10: A failed, B skipped; A retried and done, then B must run."""
    missing = facts(b="never")
    verdicts = plan(CHAIN, missing, settle(plan(CHAIN, missing, {}), "a", Status.FAILED))
    assert Status.SKIPPED is verdicts["b"].status

    assert Status.DUE is plan(CHAIN, facts(), settle(verdicts, "a"))["b"].status


def test_an_uninspected_mark_leaves_verdicts_as_they_are() -> None:
    """P7, 12."""
    verdicts = plan(CHAIN, facts(), {})
    touched = replace(facts("f2"), mark="other")

    assert verdicts == plan(CHAIN, touched, verdicts)


def test_a_deleted_medium_closes_what_was_open_and_comes_back_as_new() -> None:
    """26, 27, 29."""
    verdicts = close_deleted(settle(plan(CHAIN, facts(), {}), "a"))
    assert shown(verdicts) == {"a": "done", "b": "skipped", "c": "skipped"}
    assert verdicts["b"].reason == "media_deleted"

    back = plan(CHAIN, facts(), verdicts)
    assert (back["b"].status, back["b"].generation) == (Status.DUE, 1)
    assert verdicts["a"] == back["a"]


def test_a_retry_keeps_its_attempt_through_plans() -> None:
    """P14, 11."""
    verdicts = plan(CHAIN, facts(), {})
    tried = {**verdicts, "a": replace(verdicts["a"], attempt=2)}

    assert tried == plan(CHAIN, facts(), tried)


def test_a_foreign_job_waits_for_its_completion_or_its_value() -> None:
    """Section 4 of the protocol: another program's job is awaited, never run by us."""
    chain = replace(CHAIN, foreign=frozenset({"a"}))
    verdicts = plan(chain, facts(), {})
    assert shown(verdicts) == {"a": "waiting", "b": "waiting", "c": "waiting"}

    told = plan(chain, replace(facts(), foreign_completions=frozenset({"a"})), verdicts)
    assert shown(told) == {"a": "skipped", "b": "due", "c": "waiting"}
    assert told["a"].reason == plan(chain, facts(a="here"), verdicts)["a"].reason == "not_ours"


def test_the_fingerprint_ignores_what_a_touch_changes() -> None:
    """P9: never the path, updated_at or the platform's hash; always the picture."""
    stage = CHAIN.stages[0]
    here = facts()
    moved = replace(here, path="elsewhere.jpg", mark="n", inspected_mark="n")

    assert take_fingerprint(stage, here) == take_fingerprint(stage, moved)
    assert take_fingerprint(stage, here) != take_fingerprint(stage, facts("f2"))
    assert take_fingerprint(stage, here) != take_fingerprint(CHAIN.stages[1], here)


conditions = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["here", "never"]))
steps = st.one_of(
    st.tuples(st.just("plan"), conditions, st.sampled_from(["f1", "f2"])),
    st.tuples(st.just("force"), st.frozensets(st.sampled_from(NAMES), min_size=1)),
    st.tuples(st.just("finish"), st.sampled_from([Status.DONE, Status.FAILED])),
    st.tuples(st.just("delete")),
)


@given(st.lists(steps, max_size=25))
def test_any_history_keeps_the_ledger_true(history: list[tuple[Any, ...]]) -> None:
    """Over any history: one event per outcome, generations only grow, nothing runs too early, plans are stable."""
    verdicts: Verdicts = {}
    now = facts()
    told: set[tuple[str, Status, str, int]] = set()
    for kind, *what in history:
        before = verdicts
        match kind:
            case "plan":
                now = facts(what[1], **what[0])
                verdicts = plan(CHAIN, now, verdicts)
            case "force":
                verdicts = plan(CHAIN, now, verdicts, what[0])
            case "delete":
                verdicts = close_deleted(verdicts)
            case "finish" if due := list_due(CHAIN, verdicts):
                verdicts = plan(CHAIN, now, settle(verdicts, due[0], what[0]))
        _check_step(before, verdicts, told)
        if kind in ("plan", "force"):
            assert verdicts == plan(CHAIN, now, verdicts)


def _check_step(before: Verdicts, after: Verdicts, told: set[tuple[str, Status, str, int]]) -> None:
    for name, verdict in after.items():
        assert verdict.generation >= before.get(name, Verdict()).generation
        if verdict.status is Status.DUE:
            assert all(after[upstream].status.terminal for upstream in CHAIN.upstreams[name])
        assert not (verdict.forced and verdict.status.terminal)
    for name in list_announced(before, after):
        verdict = after[name]
        assert verdict.status.terminal
        if verdict.status is not Status.SKIPPED:
            event = (name, *verdict.outcome)
            assert event not in told, "one effect per generation (I1)"
            told.add(event)


@given(conditions, conditions)
def test_a_plan_that_changes_nothing_announces_nothing(first: Mapping[str, str], second: Mapping[str, str]) -> None:
    """I16, I18: the same facts again are no event."""
    verdicts = plan(CHAIN, facts(**first), {})
    again = plan(CHAIN, facts(**second), verdicts)

    assert list_announced(again, plan(CHAIN, facts(**second), again)) == ()


def test_a_medium_that_is_back_is_a_new_generation_even_if_it_was_never_inspected() -> None:
    """29: a force came, the medium went before anybody looked at it, and came back."""
    gone = close_deleted(plan(CHAIN, replace(facts(), mark=None), {}, {"a"}))
    assert gone["a"].reason == "media_deleted"

    assert plan(CHAIN, facts(), gone)["a"].generation == gone["a"].generation + 1


def test_a_job_type_switched_off_is_not_waited_for_and_comes_back_when_it_is_on_again() -> None:
    without = Chain(CHAIN.stages, off=frozenset({"b"}))
    verdicts = plan(without, facts(), plan(CHAIN, facts(), {}))
    assert {name: (v.status, v.reason) for name, v in verdicts.items()} == {
        "a": (Status.DUE, ""),
        "b": (Status.SKIPPED, "switched_off"),
        "c": (Status.WAITING, "upstream"),
    }
    done = {**verdicts, "a": replace(verdicts["a"], status=Status.DONE)}
    assert list_due(without, plan(without, facts(), done)) == ("c",)
    assert list_due(CHAIN, plan(CHAIN, facts(), done)) == ("b",)


def test_what_is_switched_off_gets_no_verdict() -> None:
    assert set(plan(Chain(CHAIN.stages, off=frozenset({"b"})), facts(), {})) == {"a", "c"}


def test_a_retry_opens_what_failed_and_nothing_else() -> None:
    """16: a new generation, not forced: what became satisfied meanwhile is skipped."""
    failed = settle(plan(CHAIN, facts(), {}), "a", Status.FAILED)
    failed = plan(CHAIN, facts(), failed)
    again = plan(CHAIN, facts(), reopen_failed(failed, {"a", "b", "z"}))

    assert shown(again) == {"a": "due", "b": "waiting", "c": "waiting"}
    assert (again["a"].generation, again["a"].forced, again["a"].attempt) == (failed["a"].generation + 1, False, 0)
    assert again["b"].generation == failed["b"].generation
    assert reopen_failed(again, {"a"}) == again, "what is open is not failed"

    done = settle(plan(CHAIN, facts(), {}), "a")
    assert reopen_failed(done, {"a"}) == done
    satisfied = plan(CHAIN, facts(a="here"), reopen_failed(failed, {"a"}))
    assert (satisfied["a"].status, satisfied["a"].reason) == (Status.SKIPPED, "present")


@given(
    st.lists(st.sampled_from([None, 1, 2, 3]), min_size=3, max_size=3), st.lists(st.booleans(), min_size=3, max_size=3)
)
def test_a_medium_is_in_line_for_one_model_that_of_the_job_to_be_tried_first(
    waits: list[int | None], others: list[bool]
) -> None:
    """Jobs of the same model go with it, in chain order; a next try that is far off keeps nobody waiting."""
    beside = Chain((Step("a"), Step("b"), Step("c")), models=Models("usual", dict.fromkeys(NAMES, "usual")))
    named = {name: "other" for name, other in zip(NAMES, others, strict=True) if other}
    chain = replace(beside, models=Models("usual", named))
    moments = [None if wait is None else datetime(2026, 1, wait, tzinfo=UTC) for wait in waits]
    verdicts = {n: Verdict(Status.DUE, "", "f", run_at=moment) for n, moment in zip(NAMES, moments, strict=True)}

    due = list_due(chain, verdicts)
    first = min(NAMES, key=lambda name: (verdicts[name].run_at or datetime.min.replace(tzinfo=UTC), name))
    assert due == tuple(name for name in NAMES if chain.models.of(name) == chain.models.of(first))
    assert list_due(beside, verdicts) == NAMES
