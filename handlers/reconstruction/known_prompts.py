"""The prompts that there are without us: the platform's, those of its past, and the one in the file."""

from contracts.embedded import Embedded
from contracts.facts import MediaFacts
from handlers.prompt_data import plain_text


def platform_prompt(facts: MediaFacts) -> str | None:
    """The prompt that the platform keeps for this picture, as it is; else the latest that others kept of its past."""
    kept = facts.meta.get("prompt")
    past = (prompt.prompt for prompt in facts.prompts)
    return next((text for text in (kept, *past) if isinstance(text, str) and plain_text(text)), None)


def embedded_prompt(facts: MediaFacts) -> Embedded | None:
    """What the generator wrote into the file, when that holds a prompt."""
    found = None if facts.picture is None else facts.picture.embedded
    return found if found is not None and plain_text(found.prompt) else None
