"""How much of what a reconstruction depicts is known of the medium already.

Words are compared by a cheap stem, endings of English and German cut off: fox and foxes, Sonne and Sonnenuntergang.
"""

import re
import unicodedata
from collections.abc import Iterable

_WORDS = re.compile(r"[^\W\d_]{3,}")
_ENDING = re.compile(r"(?<=...)(?:ings?|ed|es|en|er|em|e|n|s)$")
_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
_BEGINNING = 4
"""Letters from which on a stem is taken for the beginning of a compound."""
_EMPTY_WORDS = (
    "the and with for from into onto over under near its his her their this that these those are was were has have "
    "there while very some one two three several many other another who which what behind beside between against "
    "around through toward towards next front side of background foreground "
    "der die das den dem des ein eine einen einem einer eines und mit ist sind hat haben auf aus bei nach vor von zum "
    "zur über unter hinter neben zwischen für sich sein seine ihr ihre einige mehrere viele zwei drei sehr wird "
    "hintergrund vordergrund"
)


def measure_agreement(depicted: str, known: Iterable[str]) -> float | None:
    """The share, 0 to 1, of the content words of `depicted` that the known texts hold; None: they hold no words."""
    support = {stem for text in known for stem in _list_stems(text)}
    if not support:
        return None
    stems = _list_stems(depicted)
    return sum(any(_is_same(stem, other) for other in support) for stem in stems) / len(stems) if stems else 0.0


def _list_stems(text: str) -> frozenset[str]:
    words = (word for word in _WORDS.findall(text.casefold()) if word not in _EMPTY)
    return frozenset(stem for word in words for stem in _split_stems(word))


def _split_stems(word: str) -> Iterable[str]:
    """The stem of a word; of scripts without spaces every pair of characters."""
    if _SPACELESS.search(word):
        return (word[at : at + 2] for at in range(len(word) - 1))
    plain = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return (_ENDING.sub("", plain),)


def _is_same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and (len(short) >= _BEGINNING or len(long) - len(short) <= 1)


_EMPTY = frozenset(_EMPTY_WORDS.split())
