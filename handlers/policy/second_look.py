"""What the model is asked about what the rules leave undecided: numbers, codes and the rules' own words, nothing else.

No text that a model read in the picture, and none that anybody wrote about it, is part of the question: whoever writes
into a picture or a prompt that all is well tells it nobody here.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from contracts.facts import MediaFacts
from handlers.policy.decision import Decision
from handlers.policy.inputs import QUALITY, SCORES, Reading, read_result
from handlers.policy.policy import Outcome
from handlers.policy.vocabulary import AXES, Scale, find_scale
from handlers.prompt_data import data_block

_TASK = """\
You look a second time at whether a picture may be published. You do not see the picture, only what was found out \
about it. The rules below found it harmless enough not to stop it, but too close to a limit to let it pass unseen.
basis: one sentence of at most 30 words that names the figures which decide.
objection: "none" when all figures together are clearly on the harmless side; "review" when a person should look, also \
when you are in doubt; "block" when the figures leave no doubt that it must not be published.
Judge by the figures alone."""
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST_DEFECTS = 20


@dataclass(frozen=True, slots=True)
class Objection:
    """What the model said: `outcome` is pass (none), review or block; `question` names what it was asked."""

    outcome: Outcome
    basis: str
    question: str
    rules: tuple[str, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """The JSON object in `ollama.policy_flags`."""
        word = "none" if self.outcome is Outcome.PASS else self.outcome.word
        return {"objection": word, "basis": self.basis, "question": self.question, "rules": list(self.rules)}


def recall(value: JsonValue, question: str) -> Objection | None:
    """The objection that a value of `ollama.policy_flags` keeps, if it answers this very question."""
    kept: Any = value.get("second_look") if isinstance(value, dict) else None
    if not isinstance(kept, dict) or kept.get("question") != question:
        return None
    outcome = {"none": Outcome.PASS, "review": Outcome.REVIEW, "block": Outcome.BLOCK}.get(str(kept.get("objection")))
    rules, basis = kept.get("rules"), kept.get("basis")
    if outcome is None or not isinstance(rules, list) or not isinstance(basis, str):
        return None
    return Objection(outcome, basis, question, tuple(map(str, rules)))


def ask(decision: Decision, facts: MediaFacts) -> str:
    """The question, without its last line on language. Limits are no part of it: a moved limit asks nothing new."""
    rules = "\n".join(_say_rules(decision)) or "no rule"
    known = {"quality analysis": _say_quality(facts), "scores": _say_scores(facts)}
    return f"{data_block(known)}{_TASK}\nThe rules, each with what it looked at:\n{rules}"


def name_question(decision: Decision, facts: MediaFacts) -> str:
    """A short digest by which an answer is recognised when the same is to be asked again."""
    return hashlib.sha256(ask(decision, facts).encode()).hexdigest()[:16]


def _say_rules(decision: Decision) -> Iterator[str]:
    for finding in decision.undecided:
        figures = ", ".join(_say_figure(name, reading) for name, reading in finding.inputs.items())
        yield f"- {finding.rule.id}: {finding.rule.reason}; {figures}"


def _say_figure(name: str, reading: Reading) -> str:
    said = " or ".join(map(str, dict.fromkeys(reading.sources.values())))
    return f"{name} is {said} ({_say_scale(find_scale(name))})"


def _say_scale(scale: Scale | None) -> str:
    assert scale is not None, "rule files name known inputs only"
    if scale.words:
        return f"{scale.words[0]} is best, {scale.words[-1]} is worst"
    return "1 is best, 0 is worst" if scale.low_is_bad else "0 is best, 1 is worst"


def _say_quality(facts: MediaFacts) -> str | None:
    quality = read_result(facts, QUALITY)
    if not isinstance(quality, dict):
        return None
    listed = quality.get("defects")
    defects = [
        said for entry in (listed if isinstance(listed, list) else [])[:_MOST_DEFECTS] if (said := _say_defect(entry))
    ]
    parts = [f"grade {_code(quality.get('grade'))}", f"status {_code(quality.get('status'))}"]
    return ", ".join([*parts, f"score {_number(quality.get('score'))}", f"defects: {'; '.join(defects) or 'none'}"])


def _say_defect(entry: JsonValue) -> str | None:
    if not isinstance(entry, dict):
        return None
    words = [_code(entry.get(name)) for name in ("code", "place", "source")]
    return f"{words[0]} {_number(entry.get('severity'))} ({words[1]}, {words[2]})"


def _say_scores(facts: MediaFacts) -> str | None:
    scores = read_result(facts, SCORES)
    if not isinstance(scores, dict):
        return None
    axes: Mapping[str, Any] = {axis: scores.get(axis) for axis in AXES}
    return ", ".join(
        f"{axis} {_number(said.get('score'))} ({_code(said.get('level'))})"
        for axis, said in axes.items()
        if isinstance(said, dict)
    )


def _code(value: JsonValue) -> str:
    """A word of our own vocabularies; whatever else stands there is not told."""
    return value if isinstance(value, str) and _CODE.fullmatch(value.lower()) else "unknown"


def _number(value: JsonValue) -> str:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return f"{value:.2f}" if known else "unknown"
