"""Patterns for names, however they are written."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_SPELLED: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "å": "aa", "œ": "oe", "ø": "o"}
_BARE: Final = {"ł": "l", "Ł": "L", "œ": "oe", "ø": "o"}


def spell_any(names: Iterable[str]) -> str:
    """A pattern for any of the names, the longest first."""
    return f"(?:{'|'.join(map(_spell, sorted(set(names), key=lambda name: (-len(name), name))))})"


def _spell(name: str) -> str:
    """With or without its accents, spaces or hyphens between its words."""
    letters = []
    for letter in name:
        bare = _BARE.get(letter) or unicodedata.normalize("NFD", letter)[0]
        letters.append(re.escape(letter) if bare == letter else f"(?:{letter}|{bare}|{_SPELLED.get(letter, bare)})")
    return re.sub(r"(?:\\ |\\-)+", r"[\\s_-]+", re.sub(r"\\\.(?:\\ )?", r"\\.?[\\s_]*", "".join(letters)))
