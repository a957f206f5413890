"""Which names are one tag, and by what name it goes."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from contracts.tags import Vocabulary, fold_name
from handlers.languages import language_code
from handlers.tags.roots import index_roots, order_forms
from handlers.tags.spelling import drop_article, spell_tag
from handlers.tags.stems import find_root
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
        return index_roots(self.vocabulary, self.code).find(self.root(name))

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
        key = fold_name(min(members, key=lambda name: order_forms(name, self.code)))
        spellings = {spell_tag(name, self.code) for name in members if fold_name(name) == key}
        return min(spellings, key=lambda name: ("ß" not in name, name))


def same_tag(one: str, other: str, vocabulary: Vocabulary, language: str) -> bool:
    """Whether the two names become one tag when a medium gets both; whether they are junk is not asked."""
    canonical = Naming(vocabulary, language).unify((one, other))
    return one in canonical and other in canonical and canonical[one] == canonical[other]


def _choose_by_root(names: Iterable[str], code: str) -> dict[str, str]:
    """The nearest name of each root."""
    chosen: dict[str, str] = {}
    for name in sorted(set(names), key=lambda name: order_forms(name, code)):
        chosen.setdefault(find_root(fold_name(name), code), name)
    return chosen
