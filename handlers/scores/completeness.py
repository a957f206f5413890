"""How much of what a medium should have is there."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from contracts.facts import MediaFacts
from handlers.prompt_data import is_blank, plain_text, read_ours
from handlers.reconstruction.result import read_confidence
from handlers.scores.fidelity import read_prompt
from handlers.scores.score import DIGITS, Computed
from handlers.tags.carried import list_tags

WEIGHTS: Final[Mapping[str, int]] = MappingProxyType(
    {"caption": 3, "description": 2, "title": 2, "tags": 2, "prompt": 2, "date": 1, "dimensions": 1}
)
"""What a medium should have, and how much it counts (ours): what a search finds it by most."""
ENOUGH_TAGS = 3
_GENERATED = ("scan.generated", "scan.ai_generated", "scan.ai")
_NO: Final = (False, 0, "0", "false", "no", "none")


def compute_completeness(facts: MediaFacts) -> Computed:
    """At most the weighted share of what is there; a prompt is expected of generated pictures only.

    The prompt of the platform or in the file counts whole, a reconstruction as much as it can be relied on.
    """
    parts = {
        "caption": float(_has_text(facts, "caption")),
        "description": float(_has_text(facts, "description")),
        "title": float(_has_text(facts, "title")),
        "tags": min(len(list_tags(facts)), ENOUGH_TAGS) / ENOUGH_TAGS,
        "date": float(facts.metadata.created_at is not None),
        "dimensions": float(_has_dimensions(facts)),
    }
    if is_generated(facts):
        parts["prompt"] = 1.0 if read_prompt(facts) is not None else read_confidence(facts)
    total = sum(WEIGHTS[name] for name in parts)
    share = sum(WEIGHTS[name] * there for name, there in parts.items()) / total
    return Computed(round(share, DIGITS), {name: round(there, DIGITS) for name, there in parts.items()})


def is_generated(facts: MediaFacts) -> bool:
    """Whether the picture is known to be generated: it has a prompt, a scan flag says so, or the file itself does."""
    if facts.picture is not None and facts.picture.embedded is not None:
        return True
    if any(plain_text(facts.meta.get(key)) for key in ("prompt", "negative_prompt")):
        return True
    flags = (facts.meta.get(key) for key in _GENERATED)
    return any(not is_blank(flag) and flag not in _NO for flag in flags)


def _has_text(facts: MediaFacts, name: str) -> bool:
    return plain_text(facts.meta.get(name)) is not None or read_ours(facts, f"ollama.{name}") is not None


def _has_dimensions(facts: MediaFacts) -> bool:
    known = facts.picture or facts.metadata
    return bool(known.width and known.height)
