"""How a tag is spelled that nobody knows yet."""

import unicodedata
from functools import lru_cache
from typing import Final

from contracts.tags import EDGES, fold_name
from handlers.tags.lexicon import GERMAN, find_head, find_lemma

_PLAIN: Final = str.maketrans({"_": " ", "‐": "-", "‑": "-", "–": "-", "—": "-", "’": "'", "‘": "'"})
_ONE: Final = {"en": ("a", "an"), "de": ("ein", "eine", "einen", "einem", "einer", "eines", "a")}
_DROPPED: Final = ("Cc", "Cf", "Co", "Cs", "Cn")


def spell_tag(name: str, language: str) -> str:
    """The name as a new tag: tidy, in small letters; German words as the dictionary writes them, the unsure as given.

    `spell_tag(spell_tag(x)) == spell_tag(x)`, and both are one tag with `x` (`fold_name`).
    """
    text, key = _tidy(name), fold_name(name)
    text = _compose(_spell_german(text) if language == GERMAN else text.lower())
    return text if fold_name(text) == key else key


def drop_article(name: str, language: str) -> str:
    """The name, tidy, without "a" and its kind before it: a tag is no phrase."""
    words = _tidy(name).split(" ")
    articles = ("", *_ONE.get(language, _ONE["en"]))
    begin = next((at for at, word in enumerate(words[:-1]) if word.lstrip(EDGES).lower() not in articles), -1)
    return _tidy(" ".join(words[begin:]))


def _tidy(name: str) -> str:
    kept = (c if c.isspace() or unicodedata.category(c) not in _DROPPED else "" for c in _compose(name))
    bare = _compose(" ".join("".join(kept).translate(_PLAIN).split()).strip(EDGES))
    return f"{bare}#" if len(bare) == 1 and fold_name(name).endswith("#") else bare


def _compose(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _spell_german(text: str) -> str:
    return " ".join(map(_spell_word, text.split(" ")))


def _spell_word(word: str) -> str:
    capital = is_capital(word.lower())
    if capital is not None:
        return word.lower().capitalize() if capital else word.lower()
    return word


@lru_cache(1 << 16)
def is_capital(lower: str) -> bool | None:
    """Whether German writes the word with a capital; None where it depends (rot, Rot) or nobody knows."""
    noun, other = find_lemma(lower.capitalize(), GERMAN), find_lemma(lower, GERMAN)
    if noun is None and other is None:
        head = find_head(lower)
        return None if head is None else is_capital(head)
    if noun is None or other is None:
        return noun is not None
    # "Sonne" and "Vögel" are nouns, and forms of verbs: a tag is the noun.
    return True if noun[0].isupper() and other != lower and other.endswith("n") else None
