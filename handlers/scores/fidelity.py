"""Fidelity to the prompt a picture was made from: a score only where there is a prompt to compare with.

The platform's prompt, else the one that the generator wrote into the file. A reconstruction is none: it was made from
the picture, and that it resembles it says nothing.
"""

import hashlib

from pydantic import JsonValue

from contracts.facts import MediaFacts
from handlers.orders import gives_orders
from handlers.prompt_data import plain_text
from handlers.reconstruction.known_prompts import embedded_prompt
from handlers.scores.anchors import ANCHORS
from handlers.scores.score import Computed, Score, weigh

NO_PROMPT = "no_prompt"
MISSING = "There is no prompt to compare with."
WITHHELD = "The prompt gives orders to a model and was not shown to it."


def read_prompt(facts: MediaFacts) -> str | None:
    """The prompt that the platform keeps for this picture, else the one in the file."""
    embedded = embedded_prompt(facts)
    return plain_text(facts.meta.get("prompt")) or (plain_text(embedded.prompt) if embedded else None)


def shown_prompt(facts: MediaFacts) -> str | None:
    """The prompt as far as a model may see it: not when it gives orders."""
    prompt = read_prompt(facts)
    return None if prompt is None or gives_orders(prompt) else prompt


def prompt_digest(facts: MediaFacts) -> str | None:
    """By which prompt a fidelity was judged, without saying it."""
    prompt = read_prompt(facts)
    return None if prompt is None else hashlib.sha256(prompt.encode()).hexdigest()[:16]


def judged_digest(scores: JsonValue) -> JsonValue:
    """The digest kept in a value of `ollama.scores`; None when there was no prompt, False when nothing is kept."""
    fidelity = scores.get("fidelity") if isinstance(scores, dict) else None
    computed = fidelity.get("computed") if isinstance(fidelity, dict) else None
    return computed.get("prompt", False) if isinstance(computed, dict) else False


def score_fidelity(facts: MediaFacts, level: str, basis: str) -> Score:
    """The model's level where it saw a prompt and knew it; otherwise no score, whatever the model says."""
    shown = shown_prompt(facts) is not None
    computed = Computed(None, {"prompt": prompt_digest(facts), "shown": shown})
    for name in ANCHORS:
        if shown and level == name:
            return weigh(name, basis, computed)
    return Score(None, NO_PROMPT, MISSING if read_prompt(facts) is None else WITHHELD, computed)
