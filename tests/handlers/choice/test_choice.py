"""Which media are worked on: each kind of filter, what is unknown, and what a person says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from contracts.facts import MediaFacts, Metadata, Picture
from handlers.choice.choice import LEFT_OUT, Choice
from handlers.choice.labels import Label, read_label
from handlers.choice.opting_out import SKIP, list_skipped, list_unknown
from handlers.choice.paths import PathPattern
from handlers.choice.ranges import AGE, AMOUNT, Range, read_range
from handlers.choice.types import find_type, read_type

NOW = datetime(2026, 3, 1, tzinfo=UTC)
JOBS = frozenset(["ollama_caption", "ollama_title", "ollama_tags_normalize"])


def medium(path: str = "a.jpg", picture: Picture | None = None, days: float | None = None, **known: Any) -> MediaFacts:
    """A medium of that many days; the rest is what the platform knows of it."""
    meta = known.pop("meta", {})
    created = None if days is None else NOW - timedelta(days=days)
    metadata = Metadata(created_at=created, **known)
    return MediaFacts(1, path=path, mark="m", inspected_mark="m", metadata=metadata, picture=picture, meta=meta)


def why(choice: Choice, facts: MediaFacts) -> str | None:
    """The reason why it is left out."""
    excluded = choice.filter(facts, NOW)
    return f"{excluded.reason}: {excluded.rule}" if excluded else None


def paths(*patterns: str) -> tuple[PathPattern, ...]:
    return tuple(map(PathPattern, patterns))


def test_nothing_set_leaves_nothing_out() -> None:
    assert Choice().bar(medium(), NOW, JOBS) == {}


def test_paths() -> None:
    choice = Choice(only_paths=paths("photos/", "*.png"), except_paths=paths("photos/private/"))

    assert why(choice, medium("photos/a.jpg")) is None
    assert why(choice, medium("scans/a.png")) is None
    assert why(choice, medium("scans/a.jpg")) == "filtered_path: only photos/, *.png"
    assert why(choice, medium("photos/private/a.png")) == "filtered_path: except photos/private/"


def test_a_medium_that_is_left_out_has_no_job() -> None:
    barred = Choice(only_paths=paths("b.jpg")).bar(medium(), NOW, JOBS)

    assert {name: exclusion.reason for name, exclusion in barred.items()} == dict.fromkeys(JOBS, "filtered_path")


def test_types_are_the_platforms_word_and_else_what_was_found() -> None:
    choice = Choice(only_types=("image/jpeg", "image/x-dcraw"), except_types=("video/*",))

    assert why(choice, medium(mime_type="image/jpg")) is None
    assert why(choice, medium(mime_type="Image/JPEG; q=1")) is None
    assert why(choice, medium(mime_type="image/png", picture=Picture("JPEG"))) is not None
    assert why(choice, medium(mime_type="application/octet-stream", picture=Picture("JPEG"))) is None
    assert why(choice, medium(picture=Picture("GIF"))) == "filtered_type: only image/jpeg, image/x-dcraw"
    assert why(choice, medium(mime_type="video/mp4")) == "filtered_type: except video/*"
    assert why(choice, medium()) is None
    assert find_type(medium(picture=Picture("HEIF"))) == "image/heic"


def test_what_was_found_in_an_older_file_says_nothing() -> None:
    """Otherwise a file that was replaced by one of the type wanted would never be looked at again."""
    choice = Choice(only_types=("image/jpeg",), pixels=read_range("..1M", AMOUNT))
    moved = replace(medium(picture=Picture("PNG", 2000, 2000)), mark="moved")

    assert choice.filter(moved, NOW) is None


def test_sizes() -> None:
    choice = Choice(size=read_range("100k..2M", AMOUNT), pixels=read_range("..1M", AMOUNT))

    assert why(choice, medium(file_size=100_000, width=1000, height=1000)) is None
    assert why(choice, medium(file_size=99_999)) == "filtered_bytes: only 100k..2M"
    assert why(choice, medium(file_size=2_000_001)) is not None
    assert why(choice, medium(width=1001, height=1000)) == "filtered_pixels: only ..1M"
    assert why(choice, medium(picture=Picture("PNG", 2000, 2000))) is not None
    assert why(choice, medium(width=10, height=10, picture=Picture("PNG", 2000, 2000))) is None


def test_ages_move_with_time_and_nothing_else() -> None:
    choice = Choice(age=read_range("7d..30d", AGE))

    assert why(choice, medium(days=6.9)) == "filtered_age: only 7d..30d"
    assert why(choice, medium(days=7)) is None
    assert why(choice, medium(days=30)) is None
    assert why(choice, medium(days=30.1)) is not None
    assert why(choice, medium(days=-1)) is not None
    assert why(choice, medium()) is None
    assert choice.filter(medium(days=6.9), NOW + timedelta(days=1)) is None


def test_meta() -> None:
    choice = Choice(only_meta=(read_label("album"),), except_meta=(read_label("rights = none"), Label("private")))

    assert why(choice, medium()) == "filtered_meta: only album"
    assert why(choice, medium(meta={"album": None})) is not None
    assert why(choice, medium(meta={"album": 0})) is None
    assert why(choice, medium(meta={"album": "x", "rights": "none"})) == "filtered_meta: except rights=none"
    assert why(choice, medium(meta={"album": "x", "rights": ["some", "none"]})) is not None
    assert why(choice, medium(meta={"album": "x", "private": False})) is None
    assert why(choice, medium(meta={"album": "x", "private": {}})) == "filtered_meta: except private"
    assert Label("n", "7").matches({"n": 7})
    assert Label("n", "true").matches({"n": True})
    assert not Label("n", "null").matches({})


def test_the_keys_that_are_looked_at() -> None:
    assert Choice(only_meta=(Label("a"),), except_meta=(Label("b", "c"),)).keys == {SKIP, "a", "b"}


def test_what_cannot_be_meant_is_refused() -> None:
    for read, text in [
        (read_type, "jpge"), (read_type, "image/"), (read_label, "=x"), (read_label, "ollama.caption"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=r"."):
            read(text)
    for text in ("7", "7d", "..", "9d..7d", "x..", "7m..", "-1d.."):
        with pytest.raises(ValueError, match=r"."):
            read_range(text, AGE)


SAID: list[tuple[JsonValue, int]] = [
    (None, 0), (False, 0), (0, 0), ("", 0), ("no", 0), ("false", 0), ([], 0), ({}, 0), (["captoin"], 0),
    (True, 3), (1, 3), ("true", 3), ("yes", 3), ("*", 3), ("captoin", 3), (["*"], 3), ({"by": "me"}, 3),
    ("ollama_title", 1), ("title", 1), (["caption", "ollama_title", "else", 7], 2),
]  # fmt: skip


@pytest.mark.parametrize(("value", "number"), SAID)
def test_a_person_opts_out(value: JsonValue, number: int) -> None:
    barred = Choice().bar(medium(meta={SKIP: value}), NOW, JOBS)

    assert len(barred) == number == len(list_skipped(value, JOBS))
    assert all((exclusion.reason, exclusion.rule) == ("opted_out", SKIP) for exclusion in barred.values())


def test_names_that_are_none_are_told() -> None:
    assert list_unknown(["captoin", "title", "*"], JOBS) == ("captoin",)
    assert list_unknown("captoin", JOBS) == ()


PATTERNS = st.lists(st.sampled_from(["a/", "b/", "*.jpg", "*.png", "a/**/c.jpg", "**"]).map(PathPattern), max_size=3)
TYPES = st.lists(st.sampled_from(["image/jpeg", "image/png", "image/*"]), max_size=2)
LABELS = st.lists(st.sampled_from([Label("k"), Label("k", "v"), Label("l")]), max_size=2)
NUMBERS = st.none() | st.integers(0, 20).map(float)


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    low, high = draw(NUMBERS), draw(NUMBERS)
    return Range(min(low, high), max(low, high)) if low is not None and high is not None else Range(low, high)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    return Choice(
        only_paths=tuple(draw(PATTERNS)),
        except_paths=tuple(draw(PATTERNS)),
        only_types=tuple(draw(TYPES)),
        except_types=tuple(draw(TYPES)),
        only_meta=tuple(draw(LABELS)),
        except_meta=tuple(draw(LABELS)),
        size=draw(ranges()),
        pixels=draw(ranges()),
        age=draw(ranges()),
    )


MEDIA = st.builds(
    medium,
    st.sampled_from(["a/x.jpg", "b/c.png", "a/b/c.jpg", "d.gif"]),
    st.none() | st.builds(Picture, st.sampled_from(["JPEG", "PNG"]), st.integers(1, 5), st.integers(1, 5)),
    st.none() | st.floats(0, 0.0003),
    file_size=st.none() | st.integers(0, 20),
    mime_type=st.sampled_from([None, "image/jpeg", "image/png", "video/mp4"]),
    meta=st.dictionaries(st.sampled_from(["k", "l"]), st.sampled_from([None, False, "v", ["v", 1]])),
)


@given(choice=choices(), facts=MEDIA, more=PATTERNS, wider=ranges())
def test_a_wider_choice_never_leaves_more_out(
    choice: Choice, facts: MediaFacts, more: list[PathPattern], wider: Range
) -> None:
    """Fewer exceptions, more of what is wanted, ranges that hold the old ones."""
    if choice.filter(facts, NOW) is not None:
        return
    kinds: dict[str, Any] = {name: getattr(choice, name) for name in Choice.__slots__}
    for name in ("size", "pixels", "age"):
        old: Range = kinds[name]
        kinds[name] = Range(_less(old.least, wider.least), _more(old.most, wider.most))
    for name in ("except_paths", "except_types", "except_meta"):
        kinds[name] = kinds[name][1:]
    kinds["only_paths"] = (*kinds["only_paths"], *more) if kinds["only_paths"] else ()

    assert Choice(**kinds).filter(facts, NOW) is None


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else min(one, other)


def _more(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else max(one, other)


@given(choice=choices(), facts=MEDIA)
def test_an_exception_wins_over_whatever_is_wanted(choice: Choice, facts: MediaFacts) -> None:
    assert facts.path is not None
    kinds: dict[str, Any] = {name: getattr(choice, name) for name in Choice.__slots__}
    kinds |= {"except_paths": (PathPattern("**"),), "only_paths": (PathPattern(facts.path),)}

    assert why(Choice(**kinds), facts) == "filtered_path: except **"


@given(choice=choices(), facts=MEDIA)
def test_a_persons_word_comes_before_every_filter(choice: Choice, facts: MediaFacts) -> None:
    said = medium(facts.path or "", meta={**facts.meta, SKIP: ["title"]})
    barred = choice.bar(said, NOW, JOBS)

    assert barred["ollama_title"].reason == "opted_out"
    assert {exclusion.reason for exclusion in barred.values()} <= LEFT_OUT
    assert len(barred) in (1, len(JOBS))


@given(choice=choices(), facts=MEDIA)
def test_it_says_the_same_again(choice: Choice, facts: MediaFacts) -> None:
    """I18: the same facts at the same moment, the same answer."""
    assert choice.bar(facts, NOW, JOBS) == choice.bar(facts, NOW, JOBS)
