"""From the model's words to a checked answer."""

from functools import cache
from typing import TypeVar

import orjson
from pydantic import BaseModel, JsonValue, ValidationError

from contracts.facts import MediaFacts
from handlers.answer_text import is_echo
from handlers.failures import BadAnswer
from handlers.inference.layout import system_text
from handlers.stage import Stage

MAX_ANSWER_CHARACTERS = 64 * 1024
MAX_DEPTH = 8
"""Levels of lists and objects; the deepest answer of the chain needs three."""
_NO_MEANING_FOR_GRAMMARS = ("title", "description", "default", "$defs")

ModelT = TypeVar("ModelT", bound=BaseModel)


def answer_schema(stage: Stage[ModelT]) -> dict[str, JsonValue]:
    """The JSON schema that goes into `format`: without the annotations that no server reads, and without references."""
    return _schema_of(stage.Answer)


@cache
def _schema_of(answer: type[BaseModel]) -> dict[str, JsonValue]:
    """Shared by all questions, which read it only."""
    schema = answer.model_json_schema()
    return _stripped(schema, schema.get("$defs", {}))


def parse_answer(stage: Stage[ModelT], facts: MediaFacts, text: str) -> ModelT:
    """The stage's answer, strictly read and checked. Raises BadAnswer with `text` as `raw`.

    The server's grammar is not trusted: it may be off, and it enforces no ranges.
    """
    if len(text) > MAX_ANSWER_CHARACTERS:
        raise BadAnswer("answer_too_large", raw=text[:MAX_ANSWER_CHARACTERS])
    try:
        document = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise BadAnswer("not_json", raw=text) from None
    if _is_deeper(document, MAX_DEPTH):
        raise BadAnswer("too_deep", raw=text)
    try:
        answer = stage.Answer.model_validate_json(text, strict=True)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors(include_input=False)[:5])
        raise BadAnswer("wrong_shape", wrong, raw=text) from None
    if any(isinstance(value, str) and is_echo(value, system_text(facts.language)) for _, value in answer):
        raise BadAnswer("prompt_echo", raw=text)
    try:
        return stage.check(facts, answer)
    except BadAnswer as failure:
        raise BadAnswer(failure.reason, failure.detail, raw=text) from failure
    except ValidationError:
        raise BadAnswer("wrong_shape", "too long once it was cleaned", raw=text) from None


def _is_deeper(value: JsonValue, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)


def _stripped(schema: dict[str, JsonValue], parts: dict[str, dict[str, JsonValue]]) -> dict[str, JsonValue]:
    """Annotations go; the names of properties stay, whatever they are; `parts` take the place of what names them."""
    if isinstance(reference := schema.get("$ref"), str):
        return _stripped(parts[reference.removeprefix("#/$defs/")], parts)
    kept: dict[str, JsonValue] = {}
    for key, value in schema.items():
        if key == "properties" and isinstance(value, dict):
            kept[key] = {name: _stripped(part, parts) for name, part in value.items() if isinstance(part, dict)}
        elif key not in _NO_MEANING_FOR_GRAMMARS:
            kept[key] = _stripped(value, parts) if isinstance(value, dict) else value
    return kept
