"""Which tags look like one: for a person to look at. Nothing is ever merged by itself."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from contracts.tags import fold_name
from handlers.tags.lexicon import ENGLISH, is_supported, is_word
from handlers.tags.stems import find_stem

Strength = Literal["sure", "likely", "weak"]
STRENGTHS: Final[tuple[Strength, ...]] = ("sure", "likely", "weak")

SHORTEST_TYPO: Final = 6
"""Letters that both names have at least, where one letter is wrong: most short words are one letter from another."""
FREQUENT: Final = 20
"""Media of a tag that may be what somebody meant to type; it also has at least so many times as many as the other."""

_WRITTEN_OUT: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@dataclass(frozen=True, slots=True)
class TagCount:
    """A tag and how many media carry it."""

    name: str
    media: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """That the tag `name` may be another name of `into`, which more media carry (of equals the older one), and why."""

    name: str
    into: str
    media: int
    into_media: int
    reason: str
    strength: Strength


@dataclass(frozen=True, slots=True)
class _Known:
    tag: TagCount
    key: str
    order: tuple[int, int]


def suggest(tags: Sequence[TagCount], language: str = ENGLISH) -> list[Suggestion]:
    """Which of these tags, oldest first, look like another, each at most once; the surest first, then by media.

    `language` is an ISO 639-1 code. Grouped by what two forms of a name have in common; time grows with the number of
    tags, not with that of their pairs.
    """
    known = [_Known(tag, key, (-tag.media, at)) for at, tag in enumerate(tags) if (key := fold_name(tag.name))]
    found: list[tuple[_Known, Suggestion]] = []
    left = sorted(known, key=lambda one: one.order)
    for strength, reason, common in _forms(language):
        pairs = dict(_pair(left, common))
        found += [(one, _say(one, into, reason, strength)) for one, into in pairs.items()]
        left = [one for one in left if one not in pairs]
    typos = dict(_pair_typos(left, language))
    found += [(one, _say(one, into, "perhaps a typing error", "weak")) for one, into in typos.items()]
    found.sort(key=lambda pair: (STRENGTHS.index(pair[1].strength), pair[0].order))
    return [suggestion for _, suggestion in found]


def _forms(language: str) -> Iterator[tuple[Strength, str, Callable[[str], str]]]:
    yield "sure", "one name, written differently", str
    yield "likely", "singular and plural, or two spellings of a word", lambda key: find_stem(key, language)
    yield "likely", "one word or two", lambda key: key.replace(" ", "")
    yield "likely", "other accents", _strip_marks
    yield "likely", "umlauts written out", lambda key: key.translate(_WRITTEN_OUT)


def _strip_marks(key: str) -> str:
    parts = unicodedata.normalize("NFKD", key)
    return unicodedata.normalize("NFKC", "".join(c for c in parts if not unicodedata.combining(c)))


def _pair(ordered: Iterable[_Known], common: Callable[[str], str]) -> Iterator[tuple[_Known, _Known]]:
    """(tag, the first one with the same form)."""
    first: dict[str, _Known] = {}
    for one in ordered:
        into = first.setdefault(common(one.key), one)
        if into is not one:
            yield one, into


def _pair_typos(ordered: Sequence[_Known], language: str) -> Iterator[tuple[_Known, _Known]]:
    """(rare tag that is no word, frequent one from which a single letter or the order of two tells it)."""
    near: dict[str, list[_Known]] = defaultdict(list)
    long = [one for one in ordered if len(one.key) >= SHORTEST_TYPO and not any(map(str.isdigit, one.key))]
    for one in long:
        if one.tag.media < FREQUENT:
            continue
        for form in _without_one(one.key):
            near[form].append(one)
    for rare in long:
        candidates = [into for form in _without_one(rare.key) for into in near.get(form, ())]
        meant = [
            into for into in candidates
            if rare.tag.media * FREQUENT <= into.tag.media and into is not rare and _is_near(rare.key, into.key)
        ]  # fmt: skip
        if meant and not _is_known(rare.key, language):
            yield rare, min(meant, key=lambda into: into.order)


def _without_one(key: str) -> set[str]:
    return {key, *(key[:at] + key[at + 1 :] for at in range(len(key)))}


def _is_near(one: str, other: str) -> bool:
    """Whether one letter more, fewer or another, or two in the other order, makes one the other."""
    if len(one) > len(other):
        one, other = other, one
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at + 1 : at + 2] + one[at : at + 1] + one[at + 2 :]
    return one[at + 1 :] == other[at + 1 :] or swapped == other[at:]


def _is_known(key: str, language: str) -> bool:
    languages = [code for code in {language, ENGLISH} if is_supported(code)]
    return all(any(is_word(word, code) for code in languages) for word in key.split(" "))


def _say(one: _Known, into: _Known, reason: str, strength: Strength) -> Suggestion:
    return Suggestion(one.tag.name, into.tag.name, one.tag.media, into.tag.media, reason, strength)
