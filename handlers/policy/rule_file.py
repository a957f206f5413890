"""Reading a rule file: TOML into a `Policy`, or every mistake in it as one line."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from handlers.policy.policy import Clause, Outcome, Policy, Rule
from handlers.policy.vocabulary import DEFECTS, SCALES, Value, find_scale

MAX_BYTES: Final = 1_000_000
MAX_RULES: Final = 50
MAX_REASON: Final = 120
"""Characters; the reasons of all undecided rules must fit into one question."""
_OUTCOMES: Final = {outcome.word: outcome for outcome in Outcome if outcome is not Outcome.PASS}
_FIELDS: Final = {"id", "reason", "missing", *_OUTCOMES}
_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REASON: Final = re.compile(r"[^<>\[\]\x00-\x1f\x7f\u2028\u2029]+")
_RESERVED: Final = {"second_look"}
"""What `blocked_reason` says when no rule but the model blocks."""


class BadRules(Exception):
    """The rule file cannot be used; each argument is one line: where, and what to do."""

    def __str__(self) -> str:
        return "; ".join(map(str, self.args))


@cache
def default_policy() -> Policy:
    """The rules that come with the program."""
    return parse_rules((files("handlers.policy") / "rules.toml").read_text("utf-8"))


def load_rules(path: Path) -> Policy:
    """The policy in a file. Raises BadRules, also when it cannot be read."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise BadRules(f"the rule file is larger than {MAX_BYTES} bytes: name a file of rules")
        return parse_rules(content.decode())
    except UnicodeDecodeError:
        raise BadRules("the rule file is not UTF-8: save it as such") from None
    except OSError as error:
        raise BadRules(f"the rule file cannot be read ({error.strerror}): name a file that can be") from None


def parse_rules(text: str) -> Policy:
    """The policy that a TOML document describes. Raises BadRules with every mistake in it."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRules(f"the rule file is not TOML: {error}") from None
    except RecursionError:
        raise BadRules("the rule file is nested too deeply: see docs/policy.md for its form") from None
    problems = [*_check_document(document)]
    if problems:
        raise BadRules(*problems)
    policy = Policy(document["version"], tuple(_make_rule(entry) for entry in document["rule"]))
    if problems := [*_check_identities(policy)]:
        raise BadRules(*problems)
    return policy


def _check_document(document: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(document.keys() - {"version", "rule"}):
        yield f"{name!r} is not known at the top of a rule file: only version and [[rule]] are"
    version = document.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        yield 'version is missing or no short word: write for instance version = "2026-12-01" at the top'
    rules = document.get("rule")
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        yield "there is no [[rule]]: without rules nothing can be decided"
        return
    if len(rules) > MAX_RULES:
        yield f"there are {len(rules)} rules: at most {MAX_RULES} are taken"
        return
    for number, rule in enumerate(rules, 1):
        where = f"rule {number} ({rule['id']})" if _is_id(rule.get("id")) else f"rule {number}"
        yield from (f"{where}: {problem}" for problem in _check_rule(rule))


def _check_rule(rule: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(rule.keys() - _FIELDS):
        yield f"{name!r} is not known: fields are {', '.join(sorted(_FIELDS))}"
    if not _is_id(rule.get("id")):
        yield "id is missing or no snake_case word"
    if rule.get("id") in _RESERVED:
        yield "this id stands for the model's objection: choose another"
    reason = rule.get("reason")
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= MAX_REASON or not _REASON.fullmatch(reason):
        yield f"reason is missing, or not one line of at most {MAX_REASON} characters without < > [ ]"
    if rule.get("missing", "review") not in ("review", "block"):
        yield "missing must be review or block: a missing input is never harmless"
    yield from _check_clauses(rule)


def _check_clauses(rule: Mapping[str, Any]) -> Iterator[str]:
    if not rule.keys() & _OUTCOMES.keys():
        yield f"it says nothing: give it at least one of {', '.join(_OUTCOMES)}"
    for name in _OUTCOMES:
        if name in rule:
            yield from (f"{name}: {problem}" for problem in _check_limits(rule[name]))


def _check_limits(limits: object) -> Iterator[str]:
    if not isinstance(limits, dict) or not limits:
        yield "must be a table of inputs with their limits, such as { nsfw = 0.8 }"
        return
    for name, limit in _flatten(limits):
        scale = find_scale(name)
        if scale is None:
            yield f"there is no input {name}: inputs are {', '.join((*SCALES, *DEFECTS))}"
        elif scale.read(limit) is None:
            yield f"the limit of {name} must be {scale}"


def _check_identities(policy: Policy) -> Iterator[str]:
    seen = set()
    for rule in policy.rules:
        if rule.id in seen:
            yield f"two rules have the id {rule.id}: ids are unique"
        seen.add(rule.id)
        for clause in rule.clauses:
            if hiding := next((other for other in rule.clauses if _hides(other, clause)), None):
                yield (
                    f"rule {rule.id}: {clause.outcome.word} never happens, "
                    f"because {hiding.outcome.word} is reached no later: correct the limits, or leave it out"
                )


def _hides(stricter: Clause, clause: Clause) -> bool:
    """Whether wherever `clause` is reached, the stricter one is."""
    return stricter.outcome > clause.outcome and all(
        name in clause.limits and _badness(name, clause.limits[name]) >= _badness(name, limit)
        for name, limit in stricter.limits.items()
    )


def _make_rule(entry: Mapping[str, Any]) -> Rule:
    clauses = tuple(
        Clause(outcome, {name: _limit(name, limit) for name, limit in _flatten(entry[word])})
        for word, outcome in _OUTCOMES.items()
        if word in entry
    )
    missing = Outcome.BLOCK if entry.get("missing") == "block" else Outcome.REVIEW
    return Rule(entry["id"], entry["reason"].strip(), clauses, missing)


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Limits by the whole name of their input: TOML reads `scores.aesthetic` as a table in a table."""
    for name, value in table.items():
        if isinstance(value, dict) and not prefix:
            yield from _flatten(value, f"{name}.")
        else:
            yield prefix + name, value


def _limit(name: str, limit: Any) -> Value:
    scale = find_scale(name)
    value = None if scale is None else scale.read(limit)
    assert value is not None, "checked before"
    return value


def _badness(name: str, limit: Value) -> float:
    scale = find_scale(name)
    assert scale is not None, "checked before"
    return scale.badness(limit)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None
