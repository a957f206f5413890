"""What is exported of one medium, and who holds each of it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose
from typing import Literal

from pydantic import JsonValue

from contracts.facts import QUALITY_SCORE, QUALITY_STATUS, MediaFacts, Picture, Written
from handlers.prompt_data import is_blank
from handlers.reconstruction.known_prompts import embedded_prompt, platform_prompt
from handlers.reconstruction.result import RECONSTRUCTION
from handlers.tags.carried import NORMALIZED, list_tags

Holder = Literal["ours", "person", "stale", "file"]
"""Who holds a value: we; a person or the platform; we, but made from other pixels than there are now; the file."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value and who holds it; `language` is what we were asked to write in, None where nobody knows."""

    value: JsonValue
    held_by: Holder
    language: str | None = None

    @property
    def text(self) -> str | None:
        """The value, if it is a text that says something about the picture as it is now."""
        if self.held_by == "stale" or not isinstance(self.value, str) or not self.value.strip():
            return None
        return self.value


@dataclass(frozen=True, slots=True)
class ExportedTag:
    """A tag; `confidence` and `weight` are 0 to 1, None when nobody said."""

    name: str
    held_by: Holder
    confidence: float | None = None
    weight: float | None = None
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One medium. A person's or the platform's value stands in the place of ours."""

    media_id: int
    path: str
    content_hash: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    title: Value | None = None
    caption: Value | None = None
    description: Value | None = None
    tags: tuple[ExportedTag, ...] = ()
    quality: Value | None = None
    quality_status: Value | None = None
    quality_score: Value | None = None
    scores: Value | None = None
    policy_flags: Value | None = None
    prompt: Value | None = None


def read_record(facts: MediaFacts, languages: Mapping[str, str]) -> Record:
    """What is known of the medium; `languages` are those that our own fields were written in."""

    def read(key: str, platforms: str | None = None) -> Value | None:
        return _read(facts, key, platforms, languages.get(key))

    picture = facts.picture or Picture()
    return Record(
        media_id=facts.media_id,
        path=facts.path or "",
        content_hash=facts.content_hash,
        format=picture.format,
        width=picture.width or facts.metadata.width,
        height=picture.height or facts.metadata.height,
        title=read("ollama.title", "title"),
        caption=read("ollama.caption", "caption"),
        description=read("ollama.description", "description"),
        tags=tuple(_list_tags(facts)),
        quality=read("ollama.quality"),
        quality_status=_read_column(facts, QUALITY_STATUS, facts.quality_status),
        quality_score=_read_column(facts, QUALITY_SCORE, facts.quality_score),
        scores=read("ollama.scores"),
        policy_flags=read("ollama.policy_flags"),
        prompt=_read_prompt(facts),
    )


def describe(record: Record) -> Value | None:
    """What a single description of the picture is: a person's before ours, the longer one before the shorter."""
    said = [value for value in (record.description, record.caption) if value is not None and value.text]
    theirs = [value for value in said if value.held_by == "person"]
    return next(iter(theirs or said), None)


def _read(facts: MediaFacts, key: str, platforms: str | None, language: str | None) -> Value | None:
    if platforms is not None and not is_blank(facts.meta.get(platforms)):
        return Value(facts.meta[platforms], "person")
    if key not in facts.meta or is_blank(facts.meta[key]):
        return None
    holder = _hold_meta(facts, key)
    return Value(facts.meta[key], holder, None if holder == "person" else language or None)


def _read_column(facts: MediaFacts, name: str, value: str | float | None) -> Value | None:
    """What stands in a column of `media`; the platform's word for nothing is `unknown`."""
    if value in (None, "unknown"):
        return None
    written = facts.written.get(name)
    return Value(value, _hold(facts, written if written and _is_same(written.value, value) else None))


def _hold_meta(facts: MediaFacts, key: str) -> Holder:
    written = facts.written.get(key)
    return _hold(facts, written if written and written.value == facts.meta.get(key) else None)


def _hold(facts: MediaFacts, written: Written | None) -> Holder:
    """Who wrote what stands there, if we `written` it; a lock does not make a value of ours a person's."""
    if written is None:
        return "person"
    return "ours" if written.content_hash == facts.content_hash else "stale"


def _is_same(ours: JsonValue, there: str | float | None) -> bool:
    """The column of a score keeps six digits."""
    if isinstance(ours, int | float) and isinstance(there, int | float):
        return isclose(ours, there, rel_tol=1e-6)
    return ours == there


def _list_tags(facts: MediaFacts) -> Iterator[ExportedTag]:
    carried = {tag.name: tag for tag in facts.tags}
    for name in list_tags(facts):
        tag = carried.get(name)
        if tag is None:
            yield ExportedTag(name, _hold_meta(facts, NORMALIZED))
        else:
            yield ExportedTag(name, "ours" if tag.ours else "person", tag.confidence, tag.weight, tag.locked)


def _read_prompt(facts: MediaFacts) -> Value | None:
    """The platform's, else the one in the file, else a reconstruction, each with what it does not want."""
    if (kept := platform_prompt(facts)) is not None:
        past = {prompt.prompt: prompt.negative_prompt for prompt in facts.prompts}
        return Value({"prompt": kept, "negative_prompt": facts.meta.get("negative_prompt") or past.get(kept)}, "person")
    if (found := embedded_prompt(facts)) is not None:
        return Value({"prompt": found.prompt, "negative_prompt": found.negative_prompt or None}, "file")
    return _read(facts, RECONSTRUCTION, None, None)
