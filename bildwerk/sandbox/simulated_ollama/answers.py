"""The model's answer to a request: its text, and how generation ended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from bildwerk.sandbox.simulated_ollama import words
from bildwerk.sandbox.simulated_ollama.errors import BAD_SCHEMA, Rejected
from bildwerk.sandbox.simulated_ollama.gullible import obey
from bildwerk.sandbox.simulated_ollama.looks import Look
from bildwerk.sandbox.simulated_ollama.models import Model
from bildwerk.sandbox.simulated_ollama.opinions import opine
from bildwerk.sandbox.simulated_ollama.poses import Pose
from bildwerk.sandbox.simulated_ollama.requests import Ask, check_format
from bildwerk.sandbox.simulated_ollama.schemas import Filler, judge

_RUNAWAY = 31  # equal tokens after which Ollama returns without a final chunk


@dataclass(frozen=True, slots=True)
class Answer:
    """`pieces` are the tokens' texts. `reason` is stop or length; None stands for `done: false`."""

    pieces: tuple[str, ...]
    reason: Literal["stop", "length"] | None

    @property
    def text(self) -> str:
        """All that was generated."""
        return "".join(self.pieces)

    @property
    def tokens(self) -> int:
        """Generated tokens, the end mark included."""
        return len(self.pieces) + (self.reason == "stop")


def compose(ask: Ask, looks: tuple[Look, ...], model: Model, pose: Pose, num_ctx: int, fault: str | None) -> Answer:
    """The answer, spoilt as `fault` says. Raises `Rejected` (500) for a schema this version refuses."""
    room = int(ask.options.get("num_predict") or -1)
    room = 10 * num_ctx if room < 0 else min(room, 10 * num_ctx)
    wanted = check_format(ask.format)
    verdict = judge(wanted) if isinstance(wanted, dict) else "open"
    if verdict == "bad" and not pose.modern:
        raise Rejected(500, BAD_SCHEMA)
    if model.babbles and verdict != "fit":
        return _babble(looks, room)
    size = model.characters_per_token
    if fault == "done_false":
        return Answer(('{"', *["\n"] * _RUNAWAY), None)
    native = model.native and pose.modern and ask.endpoint == "chat"
    if fault == "whitespace_flood":
        # Only the rendered path watches for repetition; the native one runs on to the limit.
        flood = Answer(("{", *["\n"] * (room - 1)), "length")
        return flood if native else Answer(flood.pieces[: _RUNAWAY + 1], None)
    text = _text(ask, looks, wanted if verdict == "fit" else None, native=native, fault=fault)
    if fault == "broken_json":
        text = text[: max(1, 2 * len(text) // 3)]
    pieces = tuple(text[at : at + size] for at in range(0, len(text), size))
    if fault == "truncated":
        return Answer(pieces[: max(1, len(pieces) // 2)], "length")
    if len(pieces) >= room:
        return Answer(pieces[:room], "length")
    return Answer(pieces, "stop")


def _text(ask: Ask, looks: tuple[Look, ...], wanted: Any, *, native: bool, fault: str | None) -> str:
    prompt = " ".join(message.content for message in ask.messages)
    language = words.language_of(prompt)
    if fault == "wrong_language":
        language = "en" if language == "de" else "de"
    look = looks[0] if looks else None
    phrase = words.refusal(language) if fault == "refusal" else None
    if fault == "prose" or not wanted:
        return phrase or words.description(look, language)
    schema = wanted if isinstance(wanted, dict) else {"properties": {"caption": {"type": "string"}}}
    filler = Filler(look, language, schema, sort=native, phrase=phrase)
    said = filler.fill(schema)
    if isinstance(said, dict) and phrase is None:
        said = _give_opinions(filler, schema, said, lambda part: opine(part, looks, language, prompt))
        said = obey(ask, said, schema) if fault == "gullible" else said
    return orjson.dumps(said).decode()


def _give_opinions(
    filler: Filler, schema: dict[str, Any], said: dict[str, Any], opine_of: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """What was filled in, with opinions where the schema asks for some, in the parts of an answer too."""
    opinions = opine_of(schema)
    said = said | {name: filler.fit(schema, name, value) for name, value in opinions.items() if name in said}
    for name, part in schema.get("properties", {}).items():
        if name in said and name not in opinions and isinstance(said[name], dict):
            said[name] = _give_opinions(filler, part, said[name], opine_of)
    return said


def _babble(looks: tuple[Look, ...], room: int) -> Answer:
    """What the recorded random models say where no schema holds them."""
    if len(looks) == 1 and room > _RUNAWAY:
        return Answer(("{",) * _RUNAWAY, None)
    return Answer(tuple("{e"[at % 2] for at in range(room)), "length")
