"""The tags of a medium as later stages see them."""

from contracts.facts import MediaFacts, Standing
from handlers.prompt_data import plain_text

RAW, NORMALIZED = "ollama.tags_raw", "ollama.tags_normalized"


def list_tags(facts: MediaFacts) -> tuple[str, ...]:
    """The names it carries, the surest first; where no tags are written, those that we would have given it."""
    if facts.tags or facts.removed_tags:
        return tuple(tag.name for tag in facts.tags)
    if facts.standing(NORMALIZED) not in (Standing.OURS, Standing.KEPT):
        return ()
    ours = facts.meta.get(NORMALIZED)
    named = (tag.get("name") for tag in ours if isinstance(tag, dict)) if isinstance(ours, list) else ()
    return tuple(text for name in named if (text := plain_text(name)))
