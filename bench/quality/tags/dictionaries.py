"""Words from two dictionaries in Debian's packages, which have nothing to do with the one that our rules look into.

The German-English list of Ding (`trans-de-en`) and WordNet (`wordnet-base`). Nothing of them is kept here.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_GENDER = re.compile(r"\{(m|f|n|pl)\}")
_REMARK = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\([^)]*\)|/[^/]*/")
_NAME = re.compile(r"[^\W\d_]{3,}(?:[ -][^\W\d_]{2,}){0,2}")
_GERMAN_NOUN = re.compile(r"[A-ZÄÖÜ][a-zäöüß]{3,}")
PLACES = 15
"""WordNet's file of nouns for places."""


@dataclass(frozen=True, slots=True)
class Word:
    """One name of an entry of Ding. `gender`: m, f, n, pl, or nothing."""

    name: str
    gender: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """Entries of Ding that are each other's translations: of a thing, or of several of it."""

    german: tuple[Word, ...]
    english: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Synset:
    """Nouns of one meaning, as they are written; `topic` is the number of WordNet's file."""

    number: str
    topic: int
    nouns: tuple[str, ...]


def read_ding(lines: Iterable[str]) -> Iterator[tuple[Meaning, ...]]:
    """The meanings of each line, side by side; those that have no counterpart are left out with their line."""
    for line in lines:
        german, found, english = line.rstrip("\n").partition(" :: ")
        if line.startswith("#") or not found:
            continue
        sides = german.split(" | "), english.split(" | ")
        if len(sides[0]) == len(sides[1]):
            yield tuple(Meaning(_read_german(one), _read_english(other)) for one, other in zip(*sides, strict=True))


def read_wordnet(lines: Iterable[str]) -> Iterator[Synset]:
    """The synsets of `data.noun`."""
    for line in lines:
        if line.startswith(" "):
            continue
        number, topic, _, words, *rest = line.split(" ")
        nouns = rest[: 2 * int(words, 16) : 2]
        yield Synset(number, int(topic), tuple(noun.replace("_", " ") for noun in nouns))


def read_usual(lines: Iterable[str]) -> frozenset[str]:
    """Nouns of `index.noun` that WordNet's own texts use, in small letters."""
    usual = set()
    for line in lines:
        fields = line.split()
        if not line.startswith(" ") and int(fields[-1 - int(fields[2])]) > 0:
            usual.add(fields[0].replace("_", " "))
    return frozenset(usual)


def list_neighbours(words: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of words that differ in one letter: another one, or one more."""
    alike: dict[str, set[str]] = defaultdict(set)
    for word in set(words):
        for at in range(len(word)):
            alike[f"{word[:at]}.{word[at + 1 :]}"].add(word)
        for at in range(len(word) + 1):
            alike[f"{word[:at]}.{word[at:]}"].add(word)
    return sorted({(one, other) for group in alike.values() for one in group for other in group if one < other})


def _read_german(text: str) -> tuple[Word, ...]:
    words = []
    for part in text.split(";"):
        gender = _GENDER.search(part)
        name = _clean(part)
        if _NAME.fullmatch(name):
            words.append(Word(name, gender[1] if gender else ""))
    return tuple(words)


def _read_english(text: str) -> tuple[str, ...]:
    names = (_clean(part).removeprefix("to ") for part in text.split(";"))
    return tuple(name for name in names if _NAME.fullmatch(name))


def _clean(part: str) -> str:
    return " ".join(_REMARK.sub(" ", part).split())


def is_german_noun(name: str) -> bool:
    """Whether it is one word with a capital, of four letters or more."""
    return bool(_GERMAN_NOUN.fullmatch(name))
