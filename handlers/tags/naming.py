"""Which names are one tag, and by what name it goes."""

import weakref
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from contracts.tags import Vocabulary, fold_name
from handlers.languages import language_code
from handlers.tags.spelling import drop_article, spell_tag
from handlers.tags.stems import find_root, find_stem
from handlers.tags.variants import respell_name


@dataclass(frozen=True)
class Naming:
    """A library's names in its language (ISO 639-1 code, or what `language_code` understands).

    Two names are one tag when they fold alike, when one is the other's alias, or when they differ in number, article or
    spelling only (`find_root`) and the library does not know both. A known name keeps its spelling; of new ones the
    nearest to the singular gives the spelling (`spell_tag`).
    """

    vocabulary: Vocabulary
    language: str

    @cached_property
    def code(self) -> str:
        """The code of the library's language."""
        return language_code(self.language)

    def unify(self, names: Iterable[str]) -> dict[str, str]:
        """Each name's canonical one; names of which nothing is left when folded are left out. The order is no matter.

        Of what this gives, it gives the same again.
        """
        told = {name: self._strip(name) for name in set(names) if fold_name(name)}
        known = {name: found for name, plain in told.items() if (found := self.find(plain)) is not None}
        anchors = _choose_by_root(known.values(), self.code)
        groups: dict[str, list[str]] = defaultdict(list)
        for name in told.keys() - known.keys():
            groups[self.root(told[name])].append(told[name])
        chosen = {root: anchors.get(root) or self._choose(members) for root, members in groups.items()}
        return {name: known.get(name) or chosen[self.root(plain)] for name, plain in told.items()}

    def find(self, name: str) -> str | None:
        """The known name that this is, or is another spelling or else another form of; None for a new one."""
        key = fold_name(name)
        for form in (key, respell_name(key, self.code)):
            if (found := self.vocabulary.find(form)) is not None:
                return found
        return _index(self.vocabulary, self.code).get(self.root(name))

    def root(self, name: str) -> str:
        """What the name has in common with its other forms."""
        return find_root(fold_name(name), self.code)

    def marks(self, name: str) -> frozenset[str]:
        """By what a tag that somebody took away, or gave, is known again, also where two forms are two known tags."""
        canonical = self.find(name) or name
        return frozenset({fold_name(canonical), self.root(canonical), self.root(name)})

    def _strip(self, name: str) -> str:
        return name if self.vocabulary.find(name) is not None else drop_article(name, self.code)

    def _choose(self, members: Iterable[str]) -> str:
        key = fold_name(min(members, key=lambda name: _distance(name, self.code)))
        spellings = {spell_tag(name, self.code) for name in members if fold_name(name) == key}
        return min(spellings, key=lambda name: ("ß" not in name, name))


def same_tag(one: str, other: str, vocabulary: Vocabulary, language: str) -> bool:
    """Whether the two names become one tag when a medium gets both; whether they are junk is not asked."""
    canonical = Naming(vocabulary, language).unify((one, other))
    return one in canonical and other in canonical and canonical[one] == canonical[other]


def _distance(name: str, code: str) -> tuple[bool, bool, int, str]:
    """Names in order of how near they are to the form that stands for all."""
    key = fold_name(name)
    return key != find_stem(key, code), key != find_root(key, code), len(key), name


def _choose_by_root(names: Iterable[str], code: str) -> dict[str, str]:
    """The nearest name of each root."""
    chosen: dict[str, str] = {}
    for name in sorted(set(names), key=lambda name: _distance(name, code)):
        chosen.setdefault(find_root(fold_name(name), code), name)
    return chosen


_indexes: dict[tuple[int, str], tuple[weakref.ref[Vocabulary], Mapping[str, str]]] = {}
_MOST_INDEXES = 4


def _index(vocabulary: Vocabulary, code: str) -> Mapping[str, str]:
    """The known names by their roots; made once for each vocabulary, which is as large as the library's tags."""
    made = _indexes.get((id(vocabulary), code))
    if made is not None and made[0]() is vocabulary:
        return made[1]
    canonical = {name for key in vocabulary.spellings if (name := vocabulary.find(key)) is not None}
    others = {find_root(key, code): vocabulary.find(key) or name for key, name in sorted(vocabulary.aliases.items())}
    index = {**others, **_choose_by_root(canonical, code)}
    while len(_indexes) >= _MOST_INDEXES:
        del _indexes[next(iter(_indexes))]
    _indexes[id(vocabulary), code] = weakref.ref(vocabulary), index
    return index
