"""Which words there are: the dictionaries of simplemma, read when they are first needed."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from simplemma.strategies import LOW_MEMORY_DICTIONARY_FACTORY
from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

_MANY = 1 << 16
_SHORTEST_HEAD, _SHORTEST_START, _LONGEST = 4, 3, 60
GERMAN, ENGLISH = "de", "en"


def read_dictionaries(languages: Iterable[str]) -> None:
    """Read them before they are needed: it takes a good part of a second of one core, in which nothing else is done."""
    for language in filter(is_supported, languages):
        _dictionary(language)


def is_supported(language: str) -> bool:
    """Whether there is a dictionary of the language, by ISO 639-1 code."""
    return language in SUPPORTED_LANGUAGES


@lru_cache(_MANY)
def find_lemma(word: str, language: str) -> str | None:
    """The dictionary form of a word spelled exactly so; None when the dictionary does not have it."""
    return _dictionary(language).get(word) if word else None


@lru_cache(_MANY)
def is_word(word: str, language: str) -> bool:
    """Whether the dictionary has the word in small letters, with a capital, or (in German) as a compound."""
    return is_listed(word, language) or (language == GERMAN and find_head(word) is not None)


def is_listed(word: str, language: str) -> bool:
    """Whether the dictionary has the word itself, in small letters or with a capital."""
    lower = word.lower()
    return any(find_lemma(form, language) is not None for form in (lower, lower.capitalize()))


@lru_cache(_MANY)
def find_head(word: str) -> str | None:
    """The last part of a German compound that the dictionary does not have, the longest there is, in small letters."""
    lower = word.lower() if len(word) <= _LONGEST else ""
    for at in range(_SHORTEST_START, len(lower) - _SHORTEST_HEAD + 1):
        if is_listed(lower[at:], GERMAN) and _is_start(lower[:at]):
            return lower[at:]
    return None


def _is_start(part: str) -> bool:
    """Whether a compound may begin so: a word, or one with a joint (Sonne-n-, Leben-s-)."""
    return any(part.endswith(joint) and is_listed(part.removesuffix(joint), GERMAN) for joint in ("", "s", "n", "en"))


@lru_cache(8)
def _dictionary(language: str) -> Mapping[str, str]:
    # Less than a fifth of the memory for 9 µs a look-up; every process that plans holds one.
    return LOW_MEMORY_DICTIONARY_FACTORY.get_dictionary(language)
