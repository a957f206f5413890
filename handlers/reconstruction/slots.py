"""The parts that a reconstructed prompt is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Certainty = Literal["sure", "likely", "guess", "none"]

ANCHORS: Final[Mapping[Certainty, float]] = MappingProxyType({"sure": 0.9, "likely": 0.6, "guess": 0.3, "none": 0.0})
"""What the words for certainty stand for (ours): even steps, and never all, since no picture tells its prompt."""
WEIGHTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "subject": 6, "action": 2, "setting": 3, "style": 3, "composition": 2, "light": 2, "colour": 2,
        "quality": 0, "negative": 0,
    }
)  # fmt: skip
"""Every part and how much its certainty counts (ours): what a picture is of most.

Quality words and what was to be left out cannot be seen, so being sure of them is worth nothing. In this order the
parts become a prompt.
"""
SLOTS: Final = tuple(sorted(WEIGHTS))
"""The parts by name: the order of the answer."""
NEGATIVE: Final = "negative"
DEPICTED: Final = ("subject", "action", "setting")
"""The parts that say what is there, which captions and tags can confirm."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One part of a prompt and how certain the model is of it."""

    text: str
    certainty: Certainty

    @property
    def confidence(self) -> float:
        """The number that the certainty stands for."""
        return ANCHORS[self.certainty]


Slots = Mapping[str, Slot]
"""Those parts of a prompt that say something, by name."""


def assemble_prompt(slots: Slots) -> str:
    """The prompt: all parts but the negative one, in a fixed order."""
    return ", ".join(slots[name].text for name in WEIGHTS if name in slots and name != NEGATIVE)
