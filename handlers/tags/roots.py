"""The known names by what they have in common with their other forms: made once, then kept up with the vocabulary."""

import weakref
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from contracts.tags import Vocabulary, fold_name
from handlers.tags.stems import find_root, find_stem

Forms = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class RootIndex:
    """One vocabulary's names in one language. `entries` are canonical names by folded ones, `forms` these keys by root.

    `aliased` are the canonical names behind other names, by the other names' roots.
    """

    code: str
    entries: Mapping[str, str] = field(default_factory=dict)
    forms: Forms = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    aliased: Mapping[str, str] = field(default_factory=dict)

    def find(self, root: str) -> str | None:
        """The canonical name with that root that is nearest to it; else the one with such an alias."""
        if keys := self.forms.get(root):
            return min({self.entries[key] for key in keys}, key=lambda name: order_forms(name, self.code))
        return self.aliased.get(root)

    def follow(self, vocabulary: Vocabulary) -> "RootIndex":
        """The index of a later vocabulary: only names that are new, gone or called otherwise are looked at."""
        entries = self._list_entries(vocabulary)
        changed = {key for key, _ in entries.items() ^ self.entries.items()}
        forms = dict(self.forms)
        for root, keys in self._group(changed & self.entries.keys(), self.entries).items():
            forms[root] = tuple(key for key in forms[root] if key not in keys)
        for root, keys in self._group(changed & entries.keys(), entries).items():
            forms[root] = (*forms.get(root, ()), *sorted(keys))
        aliased = self.aliased
        if changed or vocabulary.aliases != self.aliases:
            aliased = {
                find_root(key, self.code): vocabulary.find(key) or name
                for key, name in sorted(vocabulary.aliases.items())
            }
        return RootIndex(self.code, entries, forms, vocabulary.aliases, aliased)

    def _list_entries(self, vocabulary: Vocabulary) -> dict[str, str]:
        """Without aliases a name is its own canonical one."""
        entries = dict(vocabulary.spellings)
        for key in vocabulary.aliases.keys() & entries.keys():
            entries[key] = vocabulary.find(key) or entries[key]
        return entries

    def _group(self, keys: Iterable[str], entries: Mapping[str, str]) -> Mapping[str, set[str]]:
        grouped: dict[str, set[str]] = defaultdict(set)
        for key in keys:
            grouped[find_root(fold_name(entries[key]), self.code)].add(key)
        return grouped


def order_forms(name: str, code: str) -> tuple[bool, bool, int, str]:
    """Names in order of how near they are to the form that stands for all."""
    key = fold_name(name)
    return key != find_stem(key, code), key != find_root(key, code), len(key), name


_latest: dict[str, tuple[weakref.ref[Vocabulary], RootIndex]] = {}


def index_roots(vocabulary: Vocabulary, code: str) -> RootIndex:
    """The index of the vocabulary in that language (ISO 639-1 code), made from the one that was asked for before it.

    The first takes about a third of a millisecond for each name in German, a tenth in English.
    """
    known, index = _latest.get(code, (None, RootIndex(code)))
    if known is None or known() is not vocabulary:
        index = index.follow(vocabulary)
        _latest[code] = weakref.ref(vocabulary), index
    return index
