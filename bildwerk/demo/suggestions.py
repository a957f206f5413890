"""What one picture is tagged with, and which prompt may have made it, in words.

The reconstruction may be anybody's: whatever is not in its usual form is left out, nothing fails over it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from contracts.tags import Tag

GENERATORS: Final[Mapping[str, str]] = {
    "a1111": "AUTOMATIC1111",
    "comfyui": "ComfyUI",
    "drawthings": "Draw Things",
    "easydiffusion": "Easy Diffusion",
    "fooocus": "Fooocus",
    "invokeai": "InvokeAI",
    "novelai": "NovelAI",
    "swarmui": "SwarmUI",
}
"""How the programs call themselves, by code."""


@dataclass(frozen=True, slots=True)
class Label:
    """One tag. `about`: how much the picture is about it, 0 to 1, None when nobody said; `details` in words."""

    name: str
    ours: bool
    locked: bool
    about: float | None
    details: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A prompt, what it does not want, and where it comes from; `kept` says whether `prompt_history` has it."""

    prompt: str
    negative: str
    embedded: bool
    origin: str
    kept: bool


def label_tags(tags: Sequence[Tag]) -> list[Label]:
    """One label per tag, in their order."""
    return [Label(tag.name, tag.ours, tag.locked, tag.weight, ", ".join(_details(tag))) for tag in tags]


def read_prompt(value: JsonValue, history: Sequence[str]) -> Wish | None:
    """The prompt in `ollama.prompt_reconstruction`; None when there is none."""
    told = value if isinstance(value, dict) else {}
    prompt = _text(told.get("prompt"))
    if not prompt:
        return None
    embedded = _text(told.get("source")) == "embedded"
    return Wish(
        prompt, _text(told.get("negative_prompt")), embedded, _origin(told, embedded=embedded), prompt in history
    )


def _details(tag: Tag) -> Iterator[str]:
    yield "ours" if tag.ours else "there before"
    if tag.locked:
        yield "locked"
    for name, number in (("confidence", tag.confidence), ("weight", tag.weight)):
        if number is not None:
            yield f"{name} {number:.2f}"


def _origin(told: Mapping[str, JsonValue], *, embedded: bool) -> str:
    generator, confidence = _text(told.get("generator")), told.get("confidence")
    origin = f"embedded by {GENERATORS.get(generator, generator) or 'a generator'}" if embedded else "reconstructed"
    known = isinstance(confidence, int | float) and 0 <= confidence < 1
    return f"{origin}, confidence {confidence:.2f}" if known else origin


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
