"""The rules' decision about one picture: every rule is asked, the strictest answer counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from handlers.policy.inputs import Inputs, Reading
from handlers.policy.policy import Clause, Outcome, Policy, Rule
from handlers.policy.vocabulary import Value, find_scale

SECOND_LOOK: Final = "second_look"
"""The reason of a block that is the model's objection."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says of one picture, and why.

    `known` is the outcome by what is there, `outcome` also by what is missing. `limits` are those of the clause that
    decided; `conflict` says that the sources of its inputs disagree in a way that
    matters: by the mildest of them the rule would say something milder.
    """

    rule: Rule
    outcome: Outcome
    known: Outcome
    inputs: Inputs
    limits: Mapping[str, Value]
    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    conflict: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether a person has to look, however strict the outcome is."""
        return bool(self.missing or self.unreadable or self.conflict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What all rules say, in their order; `objection` is the model's (PASS: none)."""

    findings: tuple[Finding, ...]
    objection: Outcome = Outcome.PASS

    @property
    def ruled(self) -> Outcome:
        """The strictest of the rules' outcomes. No rule at all decides nothing, so a person must."""
        return max((finding.outcome for finding in self.findings), default=Outcome.REVIEW)

    @property
    def outcome(self) -> Outcome:
        """The strictest of everything said."""
        return max(self.ruled, self.objection)

    @property
    def undecided(self) -> tuple[Finding, ...]:
        """The findings the model is asked about: those that want it, and only when no rule is stricter."""
        if self.ruled is not Outcome.SECOND_LOOK:
            return ()
        return tuple(finding for finding in self.findings if finding.outcome is Outcome.SECOND_LOOK)

    @property
    def publishable(self) -> bool:
        """Whether nothing speaks against it; asked of an undecided one, the model must have answered."""
        return self.outcome < Outcome.REVIEW

    @property
    def needs_review(self) -> bool:
        """Whether a person must look: something says so, or what was looked at is missing or disagrees."""
        return self.outcome is Outcome.REVIEW or any(
            finding.outcome is Outcome.REVIEW or finding.doubtful for finding in self.findings
        )

    @property
    def at_fault(self) -> bool:
        """Whether something that is known speaks against it: that something is missing says nothing of the picture."""
        return max((self.objection, *(finding.known for finding in self.findings))) >= Outcome.REVIEW

    @property
    def blocked_reason(self) -> str | None:
        """The first rule that blocks, by its id; `second_look` when the model does; None when nothing blocks."""
        blocking = (finding.rule.id for finding in self.findings if finding.outcome is Outcome.BLOCK)
        return next(blocking, SECOND_LOOK if self.outcome is Outcome.BLOCK else None)


def decide(policy: Policy, inputs: Inputs) -> Decision:
    """What the rules say; `inputs` must hold every input of the policy."""
    return Decision(tuple(_apply(rule, inputs) for rule in policy.rules))


def _apply(rule: Rule, inputs: Inputs) -> Finding:
    looked_at = {name: inputs[name] for name in rule.inputs}
    missing = tuple(name for name, reading in looked_at.items() if not reading.sources)
    unreadable = tuple(dict.fromkeys(place for reading in looked_at.values() for place in reading.unreadable))
    decisive = _decisive(rule, _values(looked_at, max))
    worst, best = decisive.outcome, _decisive(rule, _values(looked_at, min)).outcome
    return Finding(
        rule,
        max([worst, *(rule.missing for _ in missing), *(Outcome.REVIEW for _ in (*missing, *unreadable))]),
        worst,
        looked_at,
        decisive.limits,
        missing,
        unreadable,
        conflict=worst >= Outcome.REVIEW and best < worst,
    )


def _decisive(rule: Rule, badness: Mapping[str, float]) -> Clause:
    """The strictest clause whose limits are all reached."""
    reached = [clause for clause in rule.clauses if all(_reaches(badness, *limit) for limit in clause.limits.items())]
    return max(reached, key=lambda clause: clause.outcome, default=Clause(Outcome.PASS, {}))


def _reaches(badness: Mapping[str, float], name: str, limit: Value) -> bool:
    return name in badness and badness[name] >= _badness(name, limit)


def _values(inputs: Inputs, pick: Callable[[list[float]], float]) -> dict[str, float]:
    return {name: pick(_spread(name, reading)) for name, reading in inputs.items() if reading.sources}


def _spread(name: str, reading: Reading) -> list[float]:
    return [_badness(name, value) for value in reading.sources.values()]


def _badness(name: str, value: Value) -> float:
    scale = find_scale(name)
    assert scale is not None, "rule files name known inputs only"
    return scale.badness(value)
