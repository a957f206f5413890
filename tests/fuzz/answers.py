"""Bytes as a model's answer to one of the stages: from its words to what would be written."""

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

from bildwerk.reasons import REASONS
from contracts.effects import PutMeta
from contracts.facts import MediaFacts
from handlers.failures import BadAnswer
from handlers.inference.answers import answer_schema, parse_answer
from handlers.registry import load_stages
from handlers.stage import Stage
from tests.acceptance.bad_answers import CASES, Usual
from tests.contracts.schemas import validator
from tests.fuzz.target import Target, require_storable
from tests.fuzz.trees import change_json
from tests.handlers.stages.generated_facts import read_golden

GOLDEN: Final = Path(__file__).parents[1] / "handlers" / "stages" / "golden"
STAGES: Final = load_stages()
KNOWN: Final = [json.loads((GOLDEN / f"{stage.job_type}.json").read_bytes()) for stage in STAGES]
FACTS: Final = [read_golden(golden["facts"]) for golden in KNOWN]
UNSEEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn"}
JOINERS: Final = {"\u200c", "\u200d"}
"""Scripts and emoji need them."""
NAMES: Final = sorted({name for stage in STAGES for name in stage.Answer.model_fields})
WORDS: Final = (
    *NAMES, *("<think>", "https://evil.example", "\\u202e", "\\u0000", "\\ud800", "NaN", "1e999", "[", '{"', "```json"),
)  # fmt: skip


def look(data: bytes) -> None:
    """Whatever is answered is a bad answer for a reason that is documented, or makes values as their schemas say."""
    number = (data[:1] or b"\0")[0] % len(STAGES)
    stage, facts, text = STAGES[number], FACTS[number], data[1:].decode("utf-8", "replace")
    answer = read_or_refuse(stage, facts, text)
    if isinstance(answer, BadAnswer):
        assert answer.reason in REASONS, answer.reason
        return
    for effect in stage.effects(facts, answer):
        if isinstance(effect, PutMeta):
            value = effect.value
            validator(effect.key).validate({**value, "run": 1} if isinstance(value, dict) else value)
            require_clean(value)


def read_or_refuse(stage: Stage[Any], facts: MediaFacts, text: str) -> Any:
    try:
        return parse_answer(stage, facts, text)
    except BadAnswer as bad:
        return bad


def require_clean(value: Any) -> None:
    """Fail if a text in it holds what nobody sees."""
    if isinstance(value, str):
        require_storable(value)
        assert not {unicodedata.category(character) for character in set(value) - JOINERS} & UNSEEN
        assert "https://" not in value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            require_clean(part)


def make_seeds() -> Iterator[bytes]:
    """A good answer to each stage, and every bad one (L1 to L15) that a model can say."""
    for number, (stage, golden) in enumerate(zip(STAGES, KNOWN, strict=True)):
        yield bytes([number]) + json.dumps(golden["answer"]).encode()
        usual = Usual(golden["answer"], dict(answer_schema(stage)), stage.prompt(FACTS[number]).task)
        for case in CASES:
            if case.where(usual) and (rule := case.send(usual))["fault"] == "say" and len(rule["text"]) < 4_000:
                yield bytes([number]) + rule["text"].encode()


def change(data: bytes, dice: Random) -> bytes | None:
    """The answer with another tree."""
    text = change_json(data[1:].decode("utf-8", "replace"), WORDS, dice)
    return None if text is None else data[:1] + text.encode("utf-8", "replace")


TARGET = Target(look, make_seeds, WORDS, change)
