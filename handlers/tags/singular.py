"""The singular of a word, where that is another number of the same thing. Words are in folded form (`fold_name`)."""

from functools import lru_cache
from typing import Final

from contracts.tags import fold_name
from handlers.tags.lexicon import ENGLISH, GERMAN, find_head, find_lemma, is_listed
from handlers.tags.plurals import DRINKING, IRREGULAR, OTHER, OTHER_ALONE

_UMLAUTS: Final = str.maketrans("äöü", "aou")
_ENGLISH_ENDINGS: Final = (
    ("men", "man"), ("ae", "a"), ("i", "us"), ("ices", "ix"), ("ices", "ex"), ("eaux", "eau"), ("ies", "y"),
    ("es", ""), ("s", ""),
)  # fmt: skip
_GERMAN_ENDINGS: Final = ("", "e", "n", "en", "er", "s", "nen", "se", "ien")
_GERMAN_CHANGES: Final = (("um", "en"), ("us", "en"), ("a", "en"), ("os", "en"), ("um", "a"))


@lru_cache(1 << 16)
def find_singular(word: str, language: str, *, alone: bool = True, before: str = "") -> str:
    """The singular of a folded word, or the word: English too, unless the library's language has the word.

    `alone` says that it is the whole tag, else `before` is the word before it.
    """
    if language == GERMAN and (found := _german(word)) is not None:
        other = any(_is_other(word, code, alone, before) for code in (GERMAN, ENGLISH))
        return word if other else found
    return word if _is_other(word, ENGLISH, alone, before) else _english(word)


def _is_other(word: str, language: str, alone: bool, before: str) -> bool:  # noqa: FBT001 - as of its caller
    if word == "glasses" and before in DRINKING:
        return False
    return word in _OTHER[language] or (alone and word in _OTHER_ALONE[language])


def _english(word: str) -> str:
    if word in IRREGULAR[ENGLISH]:
        return IRREGULAR[ENGLISH][word]
    if word.endswith("men") and any(is_listed(part, ENGLISH) for part in (word[:-2] + "an", word[:-3])):
        return word[:-2] + "an"
    lemma = find_lemma(word, ENGLISH)
    if lemma is None or find_lemma(lemma, ENGLISH) not in (lemma, None):
        return word
    regular = any(word.endswith(end) and word.removesuffix(end) + one == lemma for end, one in _ENGLISH_ENDINGS)
    return lemma if regular else word


def _german(folded: str) -> str | None:
    """The singular of a folded German noun; any other German word as it is, None for what is none."""
    if folded in _IRREGULAR_GERMAN:
        return _IRREGULAR_GERMAN[folded]
    if folded in _OTHER[GERMAN]:
        return folded
    for form in (folded.replace("ss", "ß"), folded):
        # Masse is not Maße without its ß: that one would not be folded to it.
        if fold_name(form) == folded and is_listed(form, GERMAN):
            return _noun_singular(form)
    head = find_head(folded)
    if head is None:
        return None
    singular = _german(fold_name(head))
    return folded.removesuffix(head) + singular if singular else folded


def _noun_singular(word: str) -> str:
    lemma = find_lemma(word.capitalize(), GERMAN)
    if lemma is None or not lemma[0].isupper() or _is_no_plural(word, lemma):
        return fold_name(word)
    plain, plural = (fold_name(form).replace("ß", "ss").translate(_UMLAUTS) for form in (lemma, word))
    fits = any(plural == plain + ending for ending in _GERMAN_ENDINGS)
    changed = any(plain.endswith(one) and plural == plain.removesuffix(one) + end for one, end in _GERMAN_CHANGES)
    return fold_name(lemma) if fits or changed else fold_name(word)


def _is_no_plural(word: str, lemma: str) -> bool:
    """Whether it is another case of the noun, or a verb that sounds like it: Segeln is no plural of Segel."""
    noun = word.capitalize()
    if noun == lemma + "e":
        # Laube is an old dative of Laub: no plural, since Lauben is not one's dative.
        return find_lemma(noun + "n", GERMAN) != lemma
    if not noun.endswith("n") or noun == lemma:
        return False
    genitive = lemma in (find_lemma(lemma + "s", GERMAN), find_lemma(lemma + "es", GERMAN))
    if lemma.endswith(("el", "er")):
        return genitive and noun == lemma + "n"
    plural = noun[:-1]
    return (plural != lemma and find_lemma(plural, GERMAN) == lemma) or (genitive and find_lemma(word, GERMAN) == word)


_IRREGULAR_GERMAN: Final = {fold_name(word): fold_name(one) for word, one in IRREGULAR[GERMAN].items()}
_OTHER: Final = {code: frozenset(map(fold_name, words)) for code, words in OTHER.items()}
_OTHER_ALONE: Final = {code: frozenset(map(fold_name, words)) for code, words in OTHER_ALONE.items()}
