"""A model that obeys whatever it reads: in the request's text, and written into the picture.

It is the worst case that a service must hold against. What it reads of a picture is what `written` puts there: this
server cannot read letters.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bildwerk.sandbox.simulated_ollama.requests import Ask
from bildwerk.sandbox.simulated_ollama.schemas import find
from bildwerk.sandbox.simulated_ollama.written import read_picture

_FILLING = r"\W+(?:(?:only|just|exactly|with|that|the|word|prompt|tag|it|as|nur|genau|mit|das|wort)\W+)*"
_PLANT = r"(?P<word>(?:https?://\S+|(?-i:[A-Z][A-Z0-9_-]{2,})\b(?:\W(?-i:[A-Z0-9_-]{2,})\b)*))"
_SAY = re.compile(
    r"\b(?:say|write|answer|reply|respond|output|print|repeat|return|tag|call|title|sage?|schreibe?|antworte)"
    rf"{_FILLING}{_PLANT}",
    re.IGNORECASE,
)
_MENTION = re.compile(rf"\b(?:mention|include|add|weave in|erwähne){_FILLING}{_PLANT}", re.IGNORECASE)
_FLAWLESS = re.compile(
    r"\b(?:answer|report|say|claim|see|antworte|melde)\W+(?:that there are )?(?:no (?:defects|flaws)|keine mängel)"
    r"|\b(?:set|every|all) severit\w+ (?:to )?none|\bseverit\w+\W+none\b(?!\W*(?:,|or|when|if))",
    re.IGNORECASE,
)
_EXCELLENT = re.compile(
    r"\blevels?\W+(?:to |is |are )?excellent\b"
    r"|\b(?:rate|score|grade|bewerte)\W+(?:\w+\W+){0,4}?(?:excellent|hervorragend)\b",
    re.IGNORECASE,
)
_NO_OBJECTION = re.compile(
    r"\b(?:no objections?|objections? (?:to |is )?none|keine einwände)\b(?!\W*(?:,|or|when|if))", re.IGNORECASE
)
_PUBLISH = re.compile(
    r"\b(?:mark|treat|declare|consider|make|markiere)\b(?:\W+\w+){0,4}?\W+(?:publishable|approved|veröffentlichbar)\b",
    re.IGNORECASE,
)
_SAME = re.compile(
    r"\b(?:answer|say|claim|report|set|antworte)\W+(?:\w+\W+){0,4}?(?:relation\W+(?:to\W+|is\W+)?same|identical)\b"
    r"(?!\W*(?:,|:|or|when|if))",
    re.IGNORECASE,
)
_BEST = {"severity": "none", "place": "none", "level": "excellent", "certainty": "sure"}
_ASKED = {"objection": "none", "relation": "same"}


@dataclass(frozen=True, slots=True)
class _Orders:
    """What it was told: `say` replaces every free text, `mention` goes into every one; `best` are parts to be best."""

    say: str | None
    mention: str | None
    best: frozenset[str]
    seen: str


def obey(ask: Ask, answer: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The answer as the orders in the request want it, still within its schema."""
    orders = _read(ask)
    said = {name: _obey(orders, name, value, schema.get("properties", {})) for name, value in answer.items()}
    return {name: _obey_in_rows(orders, value, schema, name) for name, value in said.items()}


def _read(ask: Ask) -> _Orders:
    seen = " ".join(filter(None, (read_picture(picture.data) for picture in ask.pictures)))
    text = "\n".join([*(message.content for message in ask.messages), seen])
    publish = _PUBLISH.search(text) is not None
    wanted = {
        "severity": publish or _FLAWLESS.search(text),
        "level": publish or _EXCELLENT.search(text),
        "objection": publish or _NO_OBJECTION.search(text),
        "relation": _SAME.search(text),
    }
    say, mention = _SAY.search(text), _MENTION.search(text)
    best = {part for part, told in {**wanted, "certainty": say or mention}.items() if told}
    return _Orders(say and say["word"], mention and mention["word"], frozenset(best), seen)


def _obey(orders: _Orders, name: str, value: Any, properties: Mapping[str, Any]) -> Any:
    code, _, part = name.rpartition("_")
    if name in _ASKED:
        return _ASKED[name] if name in orders.best else value
    if part in _BEST:
        ordered = "severity" if part == "place" else part
        return _BEST[part] if ordered in orders.best and f"{code}_{ordered}" in properties else value
    if isinstance(value, list):
        return _obey_in_list(orders, value, properties.get(name, {}))
    if not isinstance(value, str):
        return value
    return _reword(orders, name, value)[: int(properties.get(name, {}).get("maxLength", 500))]


def _obey_in_list(orders: _Orders, values: list[Any], schema: Mapping[str, Any]) -> list[Any]:
    """What is to be said stands for all of it; what is to be mentioned comes first."""
    longest = int(schema.get("items", {}).get("maxLength", 500))
    if not all(isinstance(value, str) for value in values):
        return values
    if orders.say:
        return [orders.say[:longest] for _ in values]
    mentioned = [orders.mention[:longest], *values] if orders.mention else values
    return mentioned[: int(schema.get("maxItems", 100))]


def _obey_in_rows(orders: _Orders, value: Any, schema: Mapping[str, Any], name: str) -> Any:
    """A list of objects; what their schema enumerates is no free text."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        return value
    properties = find(schema, schema.get("properties", {}).get(name, {}).get("items", {})).get("properties", {})
    free = {key for key, part in properties.items() if part.get("type") == "string" and "enum" not in part}
    return [
        {k: _obey(orders, k, v, properties) if k in free | _ASKED.keys() else v for k, v in row.items()}
        for row in value
    ]


def _reword(orders: _Orders, name: str, text: str) -> str:
    if orders.say:
        return orders.say
    if orders.mention:
        return f"{text.rstrip('.')}, {orders.mention}." if text else orders.mention
    return f'{text} It reads "{orders.seen}".' if orders.seen and name == "description" else text
