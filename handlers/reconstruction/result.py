"""What a reconstruction comes to: the prompt with its confidence, copied from the file or made of parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from contracts.embedded import Embedded
from contracts.facts import MediaFacts
from handlers.orders import gives_orders
from handlers.policy.inputs import read_result
from handlers.prompt_data import plain_text, read_ours
from handlers.reconstruction.agreement import measure_agreement
from handlers.reconstruction.confidence import DIGITS, EMBEDDED, UNCERTAIN, compute_confidence
from handlers.reconstruction.parts import take_out_artists
from handlers.reconstruction.slots import DEPICTED, NEGATIVE, Slots, assemble_prompt
from handlers.tags.carried import list_tags

RECONSTRUCTION: Final = "ollama.prompt_reconstruction"
VERSION: Final = 1
FROM_FILE: Final = "embedded"
FROM_MODEL: Final = "model"


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """A prompt with its confidence, 0 to 1, and where it is from; `more` is told beside it."""

    prompt: str
    negative_prompt: str | None
    confidence: float
    source: str
    more: Mapping[str, JsonValue]

    def to_json(self) -> dict[str, JsonValue]:
        """The JSON object that stands in `ollama.prompt_reconstruction`."""
        return {
            "version": VERSION,
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "confidence": self.confidence,
            "source": self.source,
            **self.more,
        }


def copy_embedded(embedded: Embedded) -> Reconstruction:
    """The prompt in the file, letter by letter."""
    negative = embedded.negative_prompt if embedded.negative_prompt.strip() else None
    confidence = EMBEDDED if embedded.certain else UNCERTAIN
    more: Mapping[str, JsonValue] = {"generator": embedded.generator, "slots": None}
    return Reconstruction(embedded.prompt, negative, confidence, FROM_FILE, more)


def reconstruct(slots: Slots, facts: MediaFacts) -> Reconstruction:
    """The prompt that these parts make, without artists' names."""
    kept, dropped = take_out_artists(slots, facts)
    depicted = " ".join(kept[name].text for name in DEPICTED if name in kept)
    agreement = measure_agreement(depicted, _list_texts(facts))
    negative = kept[NEGATIVE].text if NEGATIVE in kept else None
    parts: dict[str, JsonValue] = {
        name: {"text": slot.text, "confidence": slot.confidence} for name, slot in kept.items()
    }
    more: Mapping[str, JsonValue] = {
        "slots": parts,
        "agreement": None if agreement is None else round(agreement, DIGITS),
        "dropped": [*dropped],
    }
    return Reconstruction(assemble_prompt(kept), negative, compute_confidence(kept, agreement), FROM_MODEL, more)


def is_from(value: JsonValue, embedded: Embedded | None) -> bool:
    """Whether a kept result is the copy of this prompt, or without one no copy at all."""
    kept = value if isinstance(value, dict) else {}
    is_copy = kept.get("source") == FROM_FILE
    return not is_copy if embedded is None else is_copy and kept.get("prompt") == embedded.prompt


def read_confidence(facts: MediaFacts) -> float:
    """How far the reconstruction of the present picture can be relied on; 0 without one, 1 for a person's own."""
    value = read_result(facts, RECONSTRUCTION)
    if not isinstance(value, dict) or not plain_text(value.get("prompt")):
        return float(plain_text(value) is not None)
    confidence = value.get("confidence")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float):
        return 1.0
    return min(1.0, max(0.0, float(confidence)))


def _list_texts(facts: MediaFacts) -> tuple[str, ...]:
    """What else is said of the picture: everybody's caption and description, the platform's title, the tags."""
    theirs = (plain_text(facts.meta.get(key)) for key in ("caption", "description", "title"))
    ours = (read_ours(facts, key) for key in ("ollama.caption", "ollama.description"))
    return tuple(text for text in (*theirs, *ours, *list_tags(facts)) if text and not gives_orders(text))
