"""The tags of a medium as later stages see them."""

from collections.abc import Iterator

from contracts.facts import MediaFacts, Standing
from contracts.tags import fold_name
from handlers.prompt_data import plain_text
from handlers.tags.rules import TagRules

_PROGRAMS = TagRules()
RAW, NORMALIZED = "ollama.tags_raw", "ollama.tags_normalized"


def list_tags(facts: MediaFacts) -> tuple[str, ...]:
    """The names it carries, the surest first; where no tags are written, then those that we would have given it.

    Ours from other pixels count as absent, tags that belong to programs (`RESERVED`) are no words for a model, and
    nothing is named that somebody took away.
    """
    stale = facts.standing(NORMALIZED) is Standing.STALE
    carried = tuple(tag.name for tag in facts.tags if not ((tag.ours and stale) or _PROGRAMS.is_reserved(tag.name)))
    if any(tag.ours for tag in facts.tags):
        return carried
    seen = {fold_name(name) for name in (*carried, *facts.removed_tags)}
    return *carried, *(name for name in _list_normalized(facts) if fold_name(name) not in seen)


def _list_normalized(facts: MediaFacts) -> Iterator[str]:
    if facts.standing(NORMALIZED) not in (Standing.OURS, Standing.KEPT):
        return
    value = facts.meta.get(NORMALIZED)
    for tag in value if isinstance(value, list) else ():
        if isinstance(tag, dict) and (name := plain_text(tag.get("name"))):
            yield facts.vocabulary.find(name) or name
