"""A decision as it is written: `ollama.policy_flags`, and the lifecycle event that tells of it."""

from typing import Final

from pydantic import JsonValue

from handlers.policy.decision import SECOND_LOOK, Decision, Finding
from handlers.policy.policy import Outcome, Policy
from handlers.policy.second_look import Objection

FLAGS: Final = "ollama.policy_flags"
EVENT: Final = "policy_eval"
VERSION: Final = 1
"""To be raised when the form below changes."""
RESULT: Final = ("publishable", "needs_review", "blocked_reason")
"""The fields of the result itself; the others say how it came about."""

Flags = dict[str, JsonValue]


def to_flags(policy: Policy, decision: Decision, objection: Objection | None = None) -> Flags:
    """The value of `ollama.policy_flags`; the run's number is added where it is written."""
    flags: list[JsonValue] = [_to_flag(finding) for finding in decision.findings if finding.outcome is not Outcome.PASS]
    if objection is not None and objection.outcome is not Outcome.PASS:
        flags.append(_to_objection(decision, objection))
    return {
        "version": VERSION,
        "publishable": decision.publishable,
        "needs_review": decision.needs_review,
        "blocked_reason": decision.blocked_reason,
        "flags": flags,
        "second_look": None if objection is None else objection.to_json(),
        "policy": {"version": policy.version, "hash": policy.hash},
    }


def to_event(flags: Flags) -> Flags:
    """The payload of the lifecycle event: the result, the rules by name, and the policy."""
    raised = flags["flags"]
    assert isinstance(raised, list)
    rules: list[JsonValue] = [flag["rule"] for flag in raised if isinstance(flag, dict)]
    return {"version": VERSION, **{name: flags[name] for name in RESULT}, "rules": rules, "policy": flags["policy"]}


def is_same(flags: Flags, other: JsonValue) -> bool:
    """Whether two values decide the same and by the same rules, whatever run, policy or figures they name."""
    if not isinstance(other, dict):
        return False
    return all(flags[name] == other.get(name) for name in RESULT) and _raised(flags) == _raised(other)


def _raised(flags: JsonValue) -> list[JsonValue]:
    listed = flags.get("flags") if isinstance(flags, dict) else None
    entries = listed if isinstance(listed, list) else []
    return [[flag.get("rule"), flag.get("outcome")] for flag in entries if isinstance(flag, dict)]


def _to_flag(finding: Finding) -> Flags:
    return {
        "rule": finding.rule.id,
        "outcome": finding.outcome.word,
        "reason": finding.rule.reason,
        "inputs": {name: dict(reading.sources) for name, reading in finding.inputs.items()},
        "limits": dict(finding.limits),
        "missing": list(finding.missing),
        "unreadable": list(finding.unreadable),
        "conflict": finding.conflict,
    }


def _to_objection(decision: Decision, objection: Objection) -> Flags:
    """The model's objection in the form of a flag, with the inputs that it was asked about."""
    inputs = {name: reading for finding in decision.undecided for name, reading in finding.inputs.items()}
    return {
        "rule": SECOND_LOOK,
        "outcome": objection.outcome.word,
        "reason": objection.basis,
        "inputs": {name: dict(reading.sources) for name, reading in inputs.items()},
        "limits": {},
        "missing": [],
        "unreadable": [],
        "conflict": False,
    }
