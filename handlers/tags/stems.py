"""What the forms of one tag have in common. Tags are in folded form (`fold_name`)."""

from functools import lru_cache
from typing import Final

from handlers.tags.lexicon import ENGLISH, GERMAN, find_head, find_lemma, is_listed
from handlers.tags.singular import find_singular
from handlers.tags.variants import respell_name

_MANY: Final = 1 << 17
_ARTICLES: Final = {ENGLISH: ("a", "an", "the"), GERMAN: ("ein", "eine", "der", "die", "das", "a", "the")}
_AFTER_ENGLISH: Final = ("of", "in", "on", "at", "with", "under", "over", "near", "from", "without", "by")
_AFTER: Final = {
    ENGLISH: _AFTER_ENGLISH,
    GERMAN: ("im", "in", "am", "an", "auf", "mit", "aus", "von", "vor", "ohne", "bei", "unter", "über", "of"),
}
"""What a noun is followed by, where it is not the last word: birds of prey."""
_INFLECTED: Final = ("er", "es", "en", "em", "e")
_SHORTEST_PART: Final = 2
_LONGEST: Final = 200
"""Characters from which on a name is only itself: no tag of ours is as long, and nobody's takes its time."""


@lru_cache(_MANY)
def find_stem(key: str, language: str) -> str:
    """The tag without article, in one spelling (`variants`), its noun in the singular: red roses, red rose.

    Of the library's language (ISO 639-1 code) and English. `find_stem(find_stem(k)) == find_stem(k)`. Not for showing:
    a stem may be no word at all.
    """
    if len(key) > _LONGEST:
        return key
    seen = [key]
    while (shorter := _step(seen[-1], language)) not in seen:
        seen.append(shorter)
    return seen[-1]


@lru_cache(_MANY)
def find_root(key: str, language: str) -> str:
    """The stem in one word: pixel art. Where that is an English word it is another thing: green house, greenhouse."""
    stem = find_stem(key, language)
    words = stem.split(" ")
    joined = "".join(words)
    if len(words) == 1 or any(len(word) < _SHORTEST_PART and not word.isdigit() for word in words):
        return stem
    if all(is_listed(word, ENGLISH) for word in (joined, *words)):
        return stem
    # A German compound is no adjective before a noun: Rotwein, roter Wein.
    inflected = language == GERMAN and any(_drop_inflection(word) != word for word in key.split(" ")[:-1])
    return stem if inflected else find_stem(joined, language)


def _step(key: str, language: str) -> str:
    words = respell_name(key, language).split(" ")
    if len(words) > 1 and words[0] in _ARTICLES.get(language, _ARTICLES[ENGLISH]):
        return " ".join(words[1:])
    after = _AFTER.get(language, _AFTER_ENGLISH)
    noun = next((at for at, word in enumerate(words) if at and word in after), len(words)) - 1
    if language == GERMAN:
        words[:noun] = map(_drop_inflection, words[:noun])
    for at in sorted({noun, len(words) - 1}):
        words[at] = find_singular(words[at], language, alone=len(words) == 1, before=words[at - 1] if at else "")
    return " ".join(words)


@lru_cache(_MANY)
def _drop_inflection(word: str) -> str:
    """An adjective as it stands by itself: rote, roter and rotes are rot before a noun."""
    lemma = find_lemma(word, GERMAN)
    stems = [word.removesuffix(end) for end in _INFLECTED if word.endswith(end)]
    if lemma is not None and lemma in stems:
        return lemma
    if lemma is None and not is_listed(word, GERMAN) and (head := find_head(word)) and head != word:
        return word.removesuffix(head) + _drop_inflection(head)
    return next((stem for stem in stems if stem.endswith("end") and is_listed(stem, GERMAN)), word)
