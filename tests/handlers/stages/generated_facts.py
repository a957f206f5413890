"""Media in every state that facts can be in."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC
from itertools import combinations
from typing import Any

from hypothesis import strategies as st
from pydantic import JsonValue

from contracts.duplicates import ASKED, ASKS, Better, Edge, Level, Likeness, Member, Opinion, Pair, Relation
from contracts.effects import Effects, PutMeta, PutOpinions, SetQuality
from contracts.embedded import Embedded
from contracts.facts import MediaFacts, Metadata, PastPrompt, Picture, Standing, Written
from contracts.measures import Measures
from contracts.tags import Tag, Vocabulary
from handlers.duplicates.report import add_opinions
from handlers.duplicates.turns import TURNS

HASH, OLD_HASH = "b" * 64, "a" * 64
FOREIGN_KEYS = ("caption", "title", "description", "prompt", "negative_prompt", "scan.nsfw", "scan.x", "elsewhere")

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
tags = st.builds(
    Tag,
    texts,
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 1),
    locked=st.booleans(),
    ours=st.booleans(),
)
embedded = st.builds(
    Embedded,
    generator=st.just("a1111"),
    prompt=texts,
    negative_prompt=texts,
    certain=st.booleans(),
)
pictures = st.none() | st.builds(
    Picture,
    width=st.none() | st.integers(1, 20_000),
    height=st.none() | st.integers(1, 20_000),
    nearest=st.none() | st.integers(0, 64),
    compared=st.integers(0, 10**6),
    nsfw=st.none() | st.floats(0, 1),
    embedded=st.none() | embedded,
)
opinions = st.builds(Opinion, st.sampled_from(Relation), st.sampled_from(Better), texts)
evidences: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional={
        "bits": st.integers(0, 60),
        "turn": st.sampled_from(sorted(TURNS)),
        "seconds": st.floats(0, 100),
        "platform_hash": st.just("same"),
        "platform_phash_bits": st.integers(0, 64),
    },
)


@st.composite
def likenesses(draw: st.DrawFn) -> Likeness:
    """What medium 7 has in common with some of eight others, and they among themselves."""
    others = draw(st.lists(st.sampled_from([1, 2, 3, 4, 5, 6, 8, 9]), max_size=5, unique=True))
    pairs = tuple(draw_pair(draw, other) for other in sorted(others))
    members = tuple(
        Member(other, draw(st.integers(0, 9)), draw(st.none() | st.integers(0, 9))) for other in [*others, 7]
    )
    edges = [Edge(min(p.media_id, 7), max(p.media_id, 7), p.level, _relation(p), p.decision) for p in pairs]
    further = st.builds(Edge, st.just(0), st.just(0), st.sampled_from(Level), decision=st.none() | st.booleans())
    edges += [
        replace(draw(further), one=one, other=other)
        for one, other in combinations(sorted(others), 2)
        if draw(st.booleans())
    ]
    return Likeness(draw(st.booleans()), pairs, members, tuple(edges), draw(st.integers(0, 9)))


def draw_pair(draw: st.DrawFn, other: int) -> Pair:
    """A pair of medium 7 with another one."""
    level, decision, opinion = draw(st.tuples(st.sampled_from(Level), st.none() | st.booleans(), st.none() | opinions))
    closed = level in ASKED and (opinion is not None or draw(st.booleans()))
    awaited = other > 7 and level in ASKED and not closed and decision is None and draw(st.booleans())
    return Pair(
        other,
        level,
        draw(evidences),
        other < 7,
        closed,
        awaited,
        opinion if closed else None,
        decision,
        "secret/other.jpg",
        f"c{other}",
        f"p{other}",
        draw(st.integers(0, 9)),
        draw(st.none() | st.integers(0, 9)),
    )


def _relation(pair: Pair) -> Relation | None:
    return None if pair.opinion is None else pair.opinion.relation


columns = st.fixed_dictionaries(
    {
        "picture": pictures,
        "tags": st.lists(tags, max_size=3).map(tuple),
        "removed_tags": st.frozensets(texts, max_size=2),
        "prompts": st.lists(st.builds(PastPrompt, texts, st.none() | texts), max_size=2).map(tuple),
        "quality_status": st.sampled_from([None, "unknown", "ok", "review", "defect"]),
        "quality_score": st.none() | st.floats(0, 1),
        "publish_state": st.none() | st.sampled_from(["staging", "public"]),
        "score_batch": st.booleans(),
        "likeness": likenesses(),
        "forced": st.just(frozenset()) | st.just(frozenset({ASKS})),
    }
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


def apply_effects(facts: MediaFacts, effects: Effects) -> MediaFacts:
    """The facts once these effects are written, as far as nobody else holds the field."""
    meta, written, status = dict(facts.meta), dict(facts.written), facts.quality_status
    for effect in effects:
        match effect:
            case PutMeta(key, value) if facts.standing(key) is not Standing.KEPT:
                meta[key], written[key] = value, Written(value, facts.content_hash)
            case SetQuality(new) if status in (None, "unknown"):
                status = new
                written["media.quality_status"] = Written(new, facts.content_hash)
            case PutOpinions(said):
                facts = replace(facts, likeness=add_opinions(facts.media_id, facts.likeness, said))
            case _:
                pass
    return replace(facts, meta=meta, written=written, quality_status=status, forced=frozenset())


def read_golden(facts: dict[str, Any]) -> MediaFacts:
    """The facts of a golden case: `meta` somebody else's values, `ours` ours, the rest by the names of `MediaFacts`.

    Tags are names or objects.
    """
    ours = facts.pop("ours", {})
    written = {key: Written(value, HASH) for key, value in ours.items()}
    picture = facts.pop("picture", None)
    meta = {**facts.pop("meta", {}), **ours}
    measures = picture and picture.pop("measures", None)
    embedded = picture and picture.pop("embedded", None)
    seen = picture and Picture(
        **picture,
        measures=measures and Measures.model_validate(measures),
        embedded=embedded and Embedded.model_validate(embedded),
    )
    carried = tuple(Tag(tag) if isinstance(tag, str) else Tag(**tag) for tag in facts.pop("tags", ()))
    past = tuple(PastPrompt(**prompt) for prompt in facts.pop("prompts", ()))
    known = Vocabulary(**facts.pop("vocabulary", {}))
    likeness = _read_likeness(**facts.pop("likeness", {}))
    facts |= {"tags": carried, "prompts": past, "vocabulary": known, "likeness": likeness}
    return MediaFacts(7, content_hash=HASH, picture=seen, meta=meta, written=written, **facts)


def _read_likeness(pairs: Sequence[Any] = (), members: Sequence[Any] = (), edges: Sequence[Any] = ()) -> Likeness:
    return Likeness(
        sought=True,
        pairs=tuple(Pair(**{**pair, "level": Level(pair["level"])}) for pair in pairs),
        members=tuple(Member(*member) for member in members),
        edges=tuple(Edge(one, other, Level(level), decision=decision) for one, other, level, decision in edges),
    )


def write_golden(effects: Effects) -> list[dict[str, Any]]:
    """Effects as a golden case spells them."""
    told = [{"effect": type(effect).__name__, **asdict(effect)} for effect in effects]
    spelled: list[dict[str, Any]] = json.loads(json.dumps(told))
    return spelled
