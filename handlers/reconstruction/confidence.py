"""How far a reconstruction can be relied on: computed, never the model's word.

    confidence = sum of weight x anchor over all parts / sum of weights  x  trust
    trust      = LEAST + (1 - LEAST) x agreement,  or ALONE where there is nothing to agree with

A part that says nothing counts 0. Anchors and weights: `handlers.reconstruction.slots`. Agreement is the share of the
content words of subject, action and setting that caption, description, title and tags hold. It is a check of the
model against other answers, and against people where they wrote any of these; it does not know the true prompt.
"""

from math import fsum
from typing import Final

from handlers.reconstruction.slots import WEIGHTS, Slots

LEAST: Final = 0.3
"""What is left of the confidence when nothing agrees."""
ALONE: Final = 0.4
"""What is left of it when the model's word stands alone: no reconstruction without other texts gets beyond it."""
EMBEDDED: Final = 1.0
"""The prompt that the generator wrote into the file."""
UNCERTAIN: Final = 0.7
"""The one that is probably it, where the file holds several texts and does not say which is the prompt."""
DIGITS: Final = 3


def compute_confidence(slots: Slots, agreement: float | None) -> float:
    """The confidence, 0 to 1, of a prompt made of these parts; `agreement` is 0 to 1, None without other texts."""
    certainty = fsum(WEIGHTS[name] * slot.confidence for name, slot in slots.items()) / sum(WEIGHTS.values())
    trust = ALONE if agreement is None else LEAST + (1 - LEAST) * agreement
    return round(certainty * trust, DIGITS)
