"""Tags: what a medium carries, what we would give it, and every name that is known."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

_SEPARATORS = str.maketrans({"_": " ", "-": " ", "‐": " ", "‑": " ", "–": " ", "’": "'", "‘": "'"})
_OTHER_WITH_SS = re.compile(r"(?<=ma)ß(?=en?(?![^\W_]))|(?<=bu)ß(?=en?(?![^\W_]))", re.IGNORECASE)
"""Measures (Maße) and penance (Buße): with ss they are other words. Elsewhere ß and ss are one, as before a reform."""
_SHARP = re.compile(r"\w#[^\w#]*$")
EDGES = " \t\r\n#.,;:!?\"'“”„«»‹›()[]{}*"
"""What may stand around a name without being part of it."""


def fold_name(name: str) -> str:
    """By what two spellings are the same tag: one case, single spaces for hyphens and underscores, bare edges.

    `fold_name(fold_name(x)) == fold_name(x)`. Empty when nothing is left. A sharp after a single letter is part of the
    name: C#. ß is ss, but where that would be another word.
    """
    parts = _OTHER_WITH_SS.split(unicodedata.normalize("NFKC", name))
    plain = unicodedata.normalize("NFKC", "ß".join(part.casefold() for part in parts))
    plain = "".join(c for c in plain if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs", "Cn") or c.isspace())
    bare = unicodedata.normalize("NFKC", " ".join(plain.translate(_SEPARATORS).split()).strip(EDGES))
    bare = "ß".join(part.replace("ß", "ss") for part in _OTHER_WITH_SS.split(bare))
    return f"{bare}#" if len(bare) == 1 and _SHARP.search(plain) else bare


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag that a medium carries. `confidence` and `weight` are 0 to 1, None when nobody said.

    `ours` says that we put it there and that it stands as we left it; what somebody else touched or locked is theirs.
    """

    name: str
    confidence: float | None = None
    weight: float | None = None
    locked: bool = False
    ours: bool = False


@dataclass(frozen=True, slots=True)
class WeightedTag:
    """A tag that we would give a medium: `confidence` that it is there, `weight` of what it is about, both 0 to 1."""

    name: str
    confidence: float
    weight: float


@dataclass(frozen=True)
class Vocabulary:
    """Every name that is known, by `fold_name`: how it is spelled, and for what it is only another name."""

    spellings: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> str | None:
        """The canonical spelling of a known name, aliases followed to their end; None when nobody knows it.

        What an alias stands for is known, too: `find(find(x)) == find(x)`.
        """
        key, seen = fold_name(name), set[str]()
        while key in self.aliases and key not in seen:
            seen.add(key)
            name = self.aliases[key]
            key = fold_name(name)
        return self.spellings.get(key) or self._ends.get(key)

    @cached_property
    def _ends(self) -> Mapping[str, str]:
        """What aliases stand for, by `fold_name`; a tag may have gone since."""
        return {fold_name(name): name for name in sorted(self.aliases.values(), reverse=True)}
