"""The pairs of tags, their halves, and the library in which they are met."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from contracts.tags import Vocabulary, fold_name

_FOLDER = Path(__file__).parent
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")
_FILES: Final = ("gold.tsv", "gold_second.tsv")
_KNOWN: Final = 0.6
"""Share of the simpler names of equal pairs that the library knows; of different pairs, it knows every one."""
_OTHER_KNOWN: Final = 0.25
"""Share of the other names, of any pair."""


@dataclass(frozen=True)
class Pair:
    """Two names. `same`: a person who keeps a library would want one tag for both. `language`: en, de or mixed."""

    one: str
    other: str
    same: bool
    language: str
    domain: str
    kind: str
    second: bool = False
    """Whether it is of the second set, which was written later and is held out as a whole."""

    @cached_property
    def held_out(self) -> bool:
        """Whether no rule may be made for it: a third of the first set, by a hash of the pair, in whatever order."""
        return self.second or _share("\x1f".join(sorted((self.one, self.other)))) < 1 / 3


def read_pairs() -> tuple[Pair, ...]:
    """Every pair, in the order of the files."""
    return tuple(_read_pair(line, second=file == _FILES[1]) for file in _FILES for line in _read(file))


def read_aliases() -> dict[str, str]:
    """Other names, and the tags that they stand for."""
    return dict(line.split("\t") for line in _read("aliases.tsv"))


def gather_vocabulary(pairs: Sequence[Pair], *, aliases: bool) -> Vocabulary:
    """The library in which all pairs are met: of some only one name is known, of some both, of some none."""
    table = read_aliases() if aliases else {}
    spellings: dict[str, str] = {}
    for name in (*table.values(), *(name for pair in pairs for name in _known(pair))):
        if key := fold_name(name):
            spellings.setdefault(key, name)
    return Vocabulary(spellings, {fold_name(name): tag for name, tag in table.items()})


def _read_pair(line: str, *, second: bool) -> Pair:
    one, other, label, language, domain, kind = line.split("\t")
    return Pair(_unescape(one), _unescape(other), _is_same(label), language, domain, kind, second)


def _known(pair: Pair) -> Iterator[str]:
    if not pair.same or _share(f"one {pair.one}") < _KNOWN:
        yield pair.one
    if _share(f"other {pair.other}") < _OTHER_KNOWN:
        yield pair.other


def _share(text: str) -> float:
    """A number from 0 to 1 that depends on nothing but the text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) / 2**64


def _read(name: str) -> list[str]:
    return [line for line in (_FOLDER / name).read_text().split("\n") if line and not line.startswith("# ")]


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), text)


def _is_same(label: str) -> bool:
    return {"same": True, "different": False}[label]
