"""What was found out about one picture, in words: quality, scores and policy as they stand in the library.

These values may be anybody's: whatever is not in its usual form is left out, nothing fails over it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import JsonValue

from handlers.scores.anchors import ANCHORS

Tone = Literal["good", "care", "bad", "none"]
AXES: Final = ("aesthetic", "completeness", "compliance", "fidelity", "novelty")
_TONES: Final[Mapping[str, Tone]] = {"ok": "good", "review": "care", "defect": "bad", "block": "bad"}


@dataclass(frozen=True, slots=True)
class Badge:
    """A verdict in a few words."""

    words: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Axis:
    """One score, 0 to 1 or None; `level` is the model's word, `basis` its reason.

    `limited`: facts allow no more than this score, whatever the model says.
    """

    name: str
    score: float | None
    level: str
    basis: str
    limited: bool = False


def read_quality(value: JsonValue) -> Badge | None:
    """Status, grade and score of `ollama.quality`."""
    quality = _object(value)
    status = _text(quality.get("status"))
    if not status:
        return None
    score = _number(quality.get("score"))
    parts = [f"quality {status}", _text(quality.get("grade")), "" if score is None else f"{score:.2f}"]
    return Badge(" · ".join(filter(None, parts)), _TONES.get(status, "none"))


def list_defects(quality: JsonValue) -> list[str]:
    """One line per defect: what, how bad, where, who says so, and why."""
    return [_say_defect(defect) for defect in _objects(_object(quality).get("defects"))]


def list_scores(value: JsonValue) -> list[Axis]:
    """The five axes of `ollama.scores` in their order, those that are there."""
    scores = _object(value)
    found = [(name, _object(scores[name])) for name in AXES if name in scores]
    return [_read_axis(name, axis) for name, axis in found]


def _read_axis(name: str, axis: Mapping[str, JsonValue]) -> Axis:
    score, level = _number(axis.get("score")), _text(axis.get("level"))
    anchor = {str(word): number for word, number in ANCHORS.items()}.get(level)
    limited = score is not None and anchor is not None and score < anchor
    return Axis(name, score, level.replace("_", " "), _text(axis.get("basis")), limited)


def read_policy(value: JsonValue) -> Badge | None:
    """The decision in `ollama.policy_flags`; a block goes before everything."""
    policy = _object(value)
    if reason := _text(policy.get("blocked_reason")):
        return Badge(f"blocked: {reason.replace('_', ' ')}", "bad")
    if policy.get("needs_review") is True:
        return Badge("needs review", "care")
    if policy.get("publishable") is True:
        return Badge("publishable", "good")
    return Badge("not publishable", "bad") if policy.get("publishable") is False else None


def list_flags(policy: JsonValue) -> list[str]:
    """One line per flag: rule, outcome, reason, and what it looked at."""
    return [_say_flag(flag) for flag in _objects(_object(policy).get("flags"))]


def _say_defect(defect: Mapping[str, JsonValue]) -> str:
    severity = _number(defect.get("severity"))
    place = _text(defect.get("place"))
    what = [
        _text(defect.get("code")).replace("_", " "),
        "unclear" if severity is None else f"{severity:.2f}",
        "" if place in ("", "none", "whole") else place,
        f"({_text(defect.get('source')) or 'source unknown'})",
    ]
    evidence = _text(defect.get("evidence"))
    return " ".join(filter(None, what)) + (f": {evidence}" if evidence else "")


def _say_flag(flag: Mapping[str, JsonValue]) -> str:
    rule, outcome = (_text(flag.get(name)).replace("_", " ") for name in ("rule", "outcome"))
    details = "; ".join(_say_inputs(flag))
    return f"{rule}, {outcome}: {_text(flag.get('reason'))}" + (f" ({details})" if details else "")


def _say_inputs(flag: Mapping[str, JsonValue]) -> Iterator[str]:
    for name, sources in _object(flag.get("inputs")).items():
        values = [f"{value}" for value in _object(sources).values() if isinstance(value, str | int | float)]
        if values:
            yield f"{name} is {' or '.join(dict.fromkeys(values))}"
    for field, words in (("missing", "nothing is known of"), ("unreadable", "cannot be read:")):
        names = flag.get(field)
        listed = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
        if listed:
            yield f"{words} {', '.join(listed)}"
    if flag.get("conflict") is True:
        yield "sources disagree"


def _object(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _objects(value: JsonValue) -> list[Mapping[str, JsonValue]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _number(value: JsonValue) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and 0 <= value <= 1 else None  # type: ignore[operator, arg-type]
