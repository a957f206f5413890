"""Faults by script: rules that spoil the calls they match.

A rule is a JSON object: `fault` (one of `FAULTS`), optionally `match` (an object of `job`, `media`, `model`, `path`,
`picture` (a prefix of the SHA-256), `probe`, or `host`: true for every request of any path), `skip` (matching calls let
through first), `next` (how many it spoils, then it is spent), `probability` with `seed`, and `seconds`, `status`,
`error`, `text`, `headers`. `gullible` obeys orders found in the request's text or written into the picture; `say` says
`text`, whatever format and limits are; `body` sends `text` as the whole response, with `status` and `headers`;
`hang_up` cuts the connection before the first byte. `refuse` takes effect at once and for everybody, for `seconds` or
until healed. A fault that takes time and names none takes: delay 1 s, drip 2 s, hang until healed. On other paths than
the two that ask a model only delay, hang, status and reset have an effect.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bildwerk.sandbox.simulated_ollama.calls import Record

TEXT_FAULTS = frozenset({
    "done_false", "broken_json", "truncated", "whitespace_flood", "refusal", "wrong_language",
    "prose", "gullible", "say",
})  # fmt: skip
FAULTS = TEXT_FAULTS | {
    "delay", "refuse", "reset", "hang", "drip", "status", "broken_body", "runner_crash",
    "body", "hang_up",
}  # fmt: skip
_MATCHES = frozenset({"job", "media", "model", "path", "picture", "probe", "host"})
_KEYS = frozenset({
    "fault", "match", "skip", "next", "probability", "seed", "seconds", "status", "error",
    "text", "headers",
})  # fmt: skip


class BadRule(ValueError):
    """The rule cannot be understood; says why."""


@dataclass(slots=True)
class Rule:
    """One rule in force. `seconds` is how long a delay, hang, drip or refusal lasts (None: its default)."""

    fault: str
    match: dict[str, Any] = field(default_factory=dict)
    skip: int = 0
    next: int | None = None
    probability: float = 1.0
    seed: int = 0
    seconds: float | None = None
    status: int = 500
    error: str | None = None
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hits: int = 0
    healed: bool = False
    _dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - repeatable, not secret

    def applies(self, record: Record) -> bool:
        """Whether it spoils this call; counts it when so."""
        if self.next == 0 or not self._fits(record):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self._dice.random() >= self.probability:
            return False
        if self.next is not None:
            self.next -= 1
        self.hits += 1
        return True

    def shown(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {"fault": self.fault, "match": self.match, "next": self.next, "hits": self.hits}

    def _fits(self, record: Record) -> bool:
        if self.match.get("host"):
            return True
        if record.path not in {"/api/chat", "/api/generate"} and "path" not in self.match:
            return False
        for key, wanted in self.match.items():
            value = getattr(record, key, None)
            if key == "picture":
                fits = str(value).startswith(str(wanted))
            elif key == "media":
                fits = value == str(wanted)
            else:
                fits = value == wanted
            if not fits:
                return False
        return True


def read_rules(body: object) -> list[Rule]:
    """Rules from JSON: one object, a list, or `{"rules": [...]}`. Raises `BadRule`."""
    if isinstance(body, dict) and "rules" in body:
        body = body["rules"]
    return [_read_rule(entry) for entry in (body if isinstance(body, list) else [body])]


def _read_rule(entry: object) -> Rule:
    if not isinstance(entry, Mapping) or entry.get("fault") not in FAULTS:
        text = f"a rule needs a fault, one of: {', '.join(sorted(FAULTS))}"
        raise BadRule(text)
    unknown = (set(entry) - _KEYS) | (set(entry.get("match") or {}) - _MATCHES)
    if unknown:
        text = f"unknown: {', '.join(sorted(unknown))}"
        raise BadRule(text)
    return Rule(**{**entry, "match": dict(entry.get("match") or {})})


class Script:
    """The rules in force, first match first."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(self, rules: list[Rule]) -> None:
        """Put rules behind those in force."""
        self.rules.extend(rules)

    def clear(self) -> None:
        """Heal everything; what hangs goes on."""
        for rule in self.rules:
            rule.healed = True
        self.rules = []

    def choose(self, record: Record) -> Rule | None:
        """The rule that spoils this call, if any."""
        rules = (rule for rule in self.rules if rule.fault != "refuse")
        return next((rule for rule in rules if rule.applies(record)), None)
