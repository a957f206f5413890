"""Whether words are called like a person, whom nobody has to know: by given names, capitals and the dictionaries."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from handlers.reconstruction.given_names import CHARACTERS, GIVEN_NAMES
from handlers.reconstruction.name_words import BREAKS, LIKENESSES, PARTICLES, TITLES
from handlers.reconstruction.style_words import CRAFTS, LOWER_CASE_ENDS, PLACES, is_style
from handlers.tags.lexicon import ENGLISH, GERMAN, find_lemma, is_listed

_INITIAL: Final = re.compile(r"(?:[^\W\d_]\.)+-?(?:[^\W\d_]\.)?|[^\W\d_]")
_WORD: Final = re.compile(r"[^\W\d_][\w'’.]*(?:-[^\W\d_][\w'’.]*)*")
_FICTION: Final = frozenset(word for name in CHARACTERS for word in name.split())
_NATIONS: Final = ("ian", "ese", "ish")
_MOST_BEFORE: Final = 4
_SHORTEST_PART: Final = 4
_MOST: Final = 6


def fold(word: str) -> str:
    """In small letters, without accents."""
    bare = unicodedata.normalize("NFD", word.replace("ł", "l").casefold())
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


@lru_cache(1 << 14)
def is_strange(word: str) -> bool:
    """Whether neither dictionary has the word, nor two English words make it, nor does any style or craft."""
    small = word.lower()
    if not small.replace("-", "").replace("'", "").isalpha() or is_style(small) or small in CRAFTS:
        return False
    if "-" in small:
        return all(part in PARTICLES or is_strange(part) for part in small.split("-")) and small not in CRAFTS
    if any(is_listed(form, code) for form in {small, fold(small)} for code in (ENGLISH, GERMAN)):
        return False
    return not any(
        is_listed(small[:at], ENGLISH) and is_listed(small[at:], ENGLISH)
        for at in range(_SHORTEST_PART, len(small) - _SHORTEST_PART + 1)
    )


def count_name_words(words: Sequence[str], *, made: bool) -> int:
    """How many of the first words are somebody's name, in whatever case; 0 if they are none.

    `made`: the wording before them says that somebody made the picture, so a name is more likely than another word. It
    takes a given name and a surname, or words that no dictionary has.
    """
    start = _skip(words, 0, TITLES)
    first = _at(words, start)
    if not first or _is_other(first):
        return 0
    surname = _skip(words, start + 1, PARTICLES)
    second = _at(words, surname)
    if not second or (_is_other(second) and not (made and _is_surname(first, second))):
        alone = is_strange(first) or (made and is_given(first) and len(first) > 1)
        return start + 1 if alone else 0
    if is_given(first) or is_strange(first):
        if not (is_given(first) or made or is_strange(second) or surname > start + 1):
            return start + 1 if is_strange(first) and start else 0
    elif not (made and is_strange(second)):
        return 0
    end = surname + 1
    while end < _MOST + start:
        third = _skip(words, end, PARTICLES)
        more = _at(words, third)
        if not more or _is_other(more) or not (is_strange(more) or third > end or is_given(_at(words, end - 1))):
            break
        end = third + 1
    return end


def is_phrase(words: Sequence[str], *, german: bool) -> bool:
    """Whether words with capitals are ordinary ones: the dictionaries have each, and none is a given name.

    One English word alone is a name unless the dictionary writes it with a capital or not at all: Baker, but Japanese.
    """
    if any(is_given(word) or is_strange(word) for word in words):
        return False
    if german or len(words) > 1:
        return True
    lemma = find_lemma(words[0].lower(), ENGLISH)
    return lemma is None or lemma[0].isupper()


def is_person(words: Sequence[str]) -> bool:
    """Whether these words by themselves are a given name and a surname that is no word."""
    return is_given(words[0]) and count_name_words(words, made=False) == len(words) and is_strange(words[-1])


def find_stranger(text: str, at: int, end: int) -> int:
    """Where a name begins that ends at `end`, at most four words before and not before `at`; `end` if there is none.

    One word alone is a name when it has a capital and is no word: Adeyemi-inspired.
    """
    words = [*_WORD.finditer(text, at, end)]
    words = words[-_MOST_BEFORE:] if words and words[-1].end() == end else []
    for number, first in enumerate(words):
        named = [word[0] for word in words[number:]]
        if re.search(r"[^\w\s'’.-]", text[first.start() : end]):
            continue
        alone = len(named) == 1
        if alone and (not named[0][0].isupper() or named[0].casefold() in _FICTION or named[0].endswith(_NATIONS)):
            continue
        if (is_strange(named[0]) if alone else is_given(named[0]) or is_strange(named[0])) and (
            count_name_words(named, made=False) == len(named)
        ):
            return first.start()
    return end


def is_modifier(word: str, after: str) -> bool:
    """Whether a word with a capital belongs to the ordinary one after it: Swiss travel brochures."""
    following = re.match(r" ([a-zß-ÿ]+)", after)
    return following is not None and not is_strange(word) and following[1] not in BREAKS and not is_given(word)


def is_likeness(word: str, of: str) -> bool:
    """Whether a word that ends in -esque is called after a person: no dictionary has it, nor what it is like."""
    return (
        not any(is_listed(word, code) for code in (ENGLISH, GERMAN))
        and word.casefold() not in LIKENESSES
        and is_strange(of)
    )


def _is_surname(first: str, second: str) -> bool:
    """Whether a word that is also a style's or a place's comes after a given name, as a name would: anna berg."""
    small = second.casefold()
    return is_given(first) and len(first) > 1 and small not in BREAKS and small not in LOWER_CASE_ENDS


def is_given(word: str) -> bool:
    """Whether it is a given name, or an initial."""
    return all(part in GIVEN_NAMES for part in fold(word).split("-")) or _INITIAL.fullmatch(word) is not None


def _is_other(word: str) -> bool:
    small = word.casefold()
    return small in BREAKS or small in LOWER_CASE_ENDS or small in PLACES or small in CRAFTS or is_style(small)


def _skip(words: Sequence[str], at: int, wanted: frozenset[str]) -> int:
    """The place of the first word that is not among the wanted; the same place if all the rest are."""
    end = at
    while end < len(words) and words[end].casefold().rstrip(".") in wanted:
        end += 1
    return end if end < len(words) else at


def _at(words: Sequence[str], place: int) -> str:
    return words[place] if place < len(words) else ""
