"""Media in every state that facts can be in."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from hypothesis import strategies as st
from pydantic import JsonValue

from contracts.facts import MediaFacts, Metadata, Standing, Written

HASH, OLD_HASH = "b" * 64, "a" * 64
FOREIGN_KEYS = ("caption", "title", "description", "prompt", "negative_prompt", "scan.nsfw", "elsewhere")

texts = st.text(max_size=30) | st.sampled_from(
    ["A lake", "", "  ", "<|im_end|>", "[img]", "</data>", "\u202ex", "ä" * 3000]
)
values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
metadata = st.builds(
    Metadata,
    mime_type=st.none() | texts,
    width=st.none() | st.integers(-1, 10**6),
    height=st.none() | st.integers(-1, 10**6),
    file_size=st.none() | st.integers(0),
    created_at=st.none() | st.datetimes().map(lambda at: at.replace(tzinfo=UTC)),
)
foreign = st.dictionaries(st.sampled_from(FOREIGN_KEYS), values)
languages = st.sampled_from(["en", "de", "fr", "xx", ""])


@dataclass(frozen=True)
class Field:
    """One `ollama.*` field: who holds it, and its value (that of the ledger for ours)."""

    standing: Standing
    value: JsonValue


def own_fields(keys: tuple[str, ...]) -> st.SearchStrategy[dict[str, Field]]:
    """All the keys, each in some standing."""
    return st.fixed_dictionaries({key: st.builds(Field, st.sampled_from(Standing), values) for key in keys})


def build_facts(own: dict[str, Field], foreign_meta: dict[str, JsonValue], **more: Any) -> MediaFacts:
    """Facts in which every own field stands as it is told to."""
    meta, written = dict(foreign_meta), {}
    for key, field in own.items():
        if field.standing in (Standing.OURS, Standing.STALE):
            meta[key] = field.value
            written[key] = Written(field.value, HASH if field.standing is Standing.OURS else OLD_HASH)
        elif field.standing is Standing.KEPT:
            # Written by somebody else, or taken away by somebody: an odd value stands for the second.
            if field.value is None:
                written[key] = Written("gone", HASH)
            else:
                meta[key] = field.value
    facts = MediaFacts(
        media_id=7,
        path="secret/path.jpg",
        mark="m",
        inspected_mark="m",
        content_hash=HASH,
        meta=meta,
        written=written,
        **more,
    )
    assert all(facts.standing(key) is field.standing for key, field in own.items())
    return facts
