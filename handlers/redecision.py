"""What other rules make of a medium that was decided on before, without asking a model. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from pydantic import JsonValue

from contracts.effects import AddLifecycleEvent, Effects, PutMeta
from contracts.facts import MediaFacts, Standing
from contracts.verdicts import Verdict
from handlers.policy.flags import FLAGS, is_same
from handlers.policy.second_look import name_question, recall
from handlers.stage import Due
from handlers.stages.policy_flags import PolicyFlagsStage


class Course(Enum):
    """What deciding again comes to."""

    SAME = "same"
    """Nothing to write."""
    RESTATED = "restated"
    """The same decision by the same rules, under another policy or from other figures."""
    CHANGED = "changed"
    ASK = "ask"
    """The rules want a second look that the model was not asked for yet: the job becomes due."""
    KEPT = "kept"
    """A person holds the value."""
    OPEN = "open"
    """The job is open, and the rules in force then will count; or the picture has to be looked at first."""
    IDLE = "idle"
    """There is nothing to decide."""


@dataclass(frozen=True, slots=True)
class Redecision:
    """One medium decided again: `before` and `after` are decisions in a word (None: none), `rules` those that count."""

    course: Course
    before: str | None = None
    after: str | None = None
    rules: tuple[str, ...] = ()
    effects: Effects = ()


def redecide(stage: PolicyFlagsStage, facts: MediaFacts, verdict: Verdict) -> Redecision:
    """What the stage's rules make of the medium; an objection that the model made to the same question counts again."""
    standing, value = facts.standing(FLAGS), facts.meta.get(FLAGS)
    before = name_decision(value) if standing in (Standing.OURS, Standing.KEPT) else None
    if not verdict.status.terminal or not facts.exists or not facts.inspected:
        return Redecision(Course.OPEN, before)
    if standing is Standing.KEPT:
        return Redecision(Course.KEPT, before)
    if standing is not Standing.OURS and stage.condition(facts) != Due():
        return Redecision(Course.IDLE)
    decision, objection = stage.rule(facts), None
    if decision.undecided:
        objection = recall(value, name_question(decision, facts)) if standing is Standing.OURS else None
        if objection is None:
            return Redecision(Course.ASK, before, "second_look", tuple(f.rule.id for f in decision.undecided))
    effects = stage.settle(facts, decision, objection)
    return _compare(before, value if standing is Standing.OURS else None, effects)


def _compare(before: str | None, value: JsonValue, effects: Effects) -> Redecision:
    (flags,) = (effect.value for effect in effects if isinstance(effect, PutMeta))
    assert isinstance(flags, dict)
    after, rules = name_decision(flags), _rules(flags)
    if is_same(flags, value):
        # The lifecycle tells of changes; one event per decision was written before.
        quiet = tuple(effect for effect in effects if not isinstance(effect, AddLifecycleEvent))
        course = Course.SAME if _without_run(flags) == _without_run(value) else Course.RESTATED
        return Redecision(course, before, after, rules, () if course is Course.SAME else quiet)
    return Redecision(Course.CHANGED, before, after, rules, effects)


def name_decision(value: JsonValue) -> str | None:
    """`blocked`, `needs_review` or `publishable`; None for what is no decision."""
    if not isinstance(value, dict):
        return None
    if value.get("blocked_reason"):
        return "blocked"
    if value.get("needs_review"):
        return "needs_review"
    return "publishable" if value.get("publishable") is True else None


def _rules(flags: Mapping[str, JsonValue]) -> tuple[str, ...]:
    raised = flags["flags"]
    assert isinstance(raised, list)
    return tuple(str(flag["rule"]) for flag in raised if isinstance(flag, dict))


def _without_run(value: JsonValue) -> JsonValue:
    return {key: inner for key, inner in value.items() if key != "run"} if isinstance(value, dict) else value
