"""The singular of a tag, where that is another number of the same thing. Tags are in folded form (`fold_name`)."""

from functools import lru_cache
from typing import Final

from contracts.tags import fold_name
from handlers.tags.lexicon import ENGLISH, GERMAN, find_head, find_lemma, is_listed
from handlers.tags.plurals import AMERICAN, DRINKING, IRREGULAR, OTHER, OTHER_ALONE

_MANY: Final = 1 << 16
_ARTICLES: Final = {GERMAN: ("ein", "eine", "der", "die", "das", "a", "the")}
_ENGLISH_ARTICLES: Final = ("a", "an", "the")
_UMLAUTS: Final = str.maketrans("äöü", "aou")
_WRITTEN_OUT: Final = (("ae", "ä"), ("oe", "ö"), ("ue", "ü"))
_GERMAN_ENDINGS: Final = ("", "e", "n", "en", "er", "ern", "s", "es", "nen", "sse", "ien")


@lru_cache(_MANY)
def find_stem(key: str, language: str) -> str:
    """What a tag has in common with its other numbers and spellings: no article, American, the last word singular.

    Of the library's language and English. `find_stem(find_stem(k)) == find_stem(k)`; not for showing: an unknown stem
    may be no word at all.
    """
    seen = [key]
    while (shorter := _step(seen[-1], language)) not in seen:
        seen.append(shorter)
    return seen[-1]


def _step(key: str, language: str) -> str:
    words = key.split(" ")
    if len(words) > 1 and words[0] in _ARTICLES.get(language, _ENGLISH_ARTICLES):
        return " ".join(words[1:])
    words = [fold_name(AMERICAN.get(word, word)) or word for word in words]
    words[-1] = find_singular(words[-1], language, before=words[-2] if len(words) > 1 else "")
    return " ".join(words)


@lru_cache(_MANY)
def find_singular(word: str, language: str, before: str = "") -> str:
    """The singular of a folded word, or the word: English too, unless the library's language has the word."""
    if language == GERMAN and (found := _german(word)) is not None:
        return found if not _is_other(word, GERMAN, before) else word
    return word if _is_other(word, ENGLISH, before) else _english(word)


def _is_other(word: str, language: str, before: str) -> bool:
    if word == "glasses" and before in DRINKING:
        return False
    return word in _OTHER[language] or (not before and word in _OTHER_ALONE[language])


def _english(word: str) -> str:
    if word in IRREGULAR[ENGLISH]:
        return IRREGULAR[ENGLISH][word]
    lemma = find_lemma(word, ENGLISH)
    regular = (word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ies") + "y")
    if not word.endswith("s") or lemma not in regular or find_lemma(lemma, ENGLISH) not in (lemma, None):
        return word
    return lemma


def _german(folded: str) -> str | None:
    """The singular of a folded German noun; any other German word as it is, None for what is none."""
    word = restore_umlauts(folded)
    if folded in _IRREGULAR_GERMAN:
        return _IRREGULAR_GERMAN[folded]
    if folded in _OTHER[GERMAN]:
        return folded
    for form in (word.replace("ss", "ß"), word):
        if is_listed(form, GERMAN):
            return _noun_singular(form, folded)
    head = find_head(word)
    if head is None:
        return None
    singular = _german(fold_name(head))
    return word.removesuffix(head) + singular if singular else word


def _noun_singular(word: str, folded: str) -> str:
    lemma = find_lemma(word.capitalize(), GERMAN)
    if lemma is None or not lemma[0].isupper():
        return folded
    singular = fold_name(lemma)
    plain, plural = singular.translate(_UMLAUTS), fold_name(word).translate(_UMLAUTS)
    fits = any(plural == plain + ending for ending in _GERMAN_ENDINGS)
    shorter = any(plain.endswith(end) and plural == plain.removesuffix(end) + "en" for end in ("um", "us", "a", "e"))
    return singular if fits or shorter else folded


def restore_umlauts(word: str) -> str:
    """A word of German with ae, oe, ue for its umlauts, with them, where only that is a word."""
    if is_listed(word, GERMAN):
        return word
    for written, umlaut in _WRITTEN_OUT:
        if written in word and is_listed(word.replace(written, umlaut), GERMAN):
            return word.replace(written, umlaut)
    return word


_IRREGULAR_GERMAN: Final = {fold_name(word): fold_name(one) for word, one in IRREGULAR[GERMAN].items()}
_OTHER: Final = {code: frozenset(map(fold_name, words)) for code, words in OTHER.items()}
_OTHER_ALONE: Final = {code: frozenset(map(fold_name, words)) for code, words in OTHER_ALONE.items()}
