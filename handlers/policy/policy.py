"""A policy: rules made of limits in the bad direction only, so that a worse input is never judged milder."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import orjson

from handlers.policy.vocabulary import Value


class Outcome(IntEnum):
    """What a rule says, and all of them together; the strictest counts."""

    PASS = 0
    SECOND_LOOK = 1
    """The rules leave it undecided: the model is asked, and can only object."""
    REVIEW = 2
    BLOCK = 3

    @property
    def word(self) -> str:
        """The name in rule files and in what is written."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Clause:
    """An outcome for when every one of `limits` (input to value) is reached or passed in the bad direction."""

    outcome: Outcome
    limits: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `missing`, review or block, is what it says at least when an input that it looks at is not there."""

    id: str
    reason: str
    clauses: tuple[Clause, ...]
    missing: Outcome = Outcome.REVIEW

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of all inputs that it looks at."""
        return tuple(dict.fromkeys(name for clause in self.clauses for name in clause.limits))


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules of one file. `hash` is that of everything that can decide: neither comments nor reasons."""

    version: str
    rules: tuple[Rule, ...]
    hash: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        rules = [
            [rule.id, rule.missing, [[clause.outcome, dict(clause.limits)] for clause in rule.clauses]]
            for rule in self.rules
        ]
        document = orjson.dumps(rules, option=orjson.OPT_SORT_KEYS)
        object.__setattr__(self, "hash", hashlib.sha256(document).hexdigest()[:16])

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of all inputs that any rule looks at."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.inputs))
