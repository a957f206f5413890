"""Which names are one tag, and by what name it goes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from contracts.tags import Vocabulary, fold_name
from handlers.languages import language_code
from handlers.tags.lexicon import GERMAN
from handlers.tags.plurals import AMERICAN, IRREGULAR
from handlers.tags.singular import find_stem
from handlers.tags.spelling import drop_article, spell_tag

_UMLAUTS = str.maketrans({"a": "ä", "o": "ö", "u": "ü"})


@dataclass(frozen=True)
class Naming:
    """A library's names in its language (ISO 639-1 code, or what `language_code` understands).

    Two names are one tag when they fold alike, one is the other's alias, or they differ in number, article or spelling
    only (`find_stem`) and the library does not know both. A known name keeps its spelling; a new one gets the spelling
    of the member that is nearest to the singular, as `spell_tag` writes it.
    """

    vocabulary: Vocabulary
    language: str

    @cached_property
    def code(self) -> str:
        """The code of the library's language."""
        return language_code(self.language)

    def unify(self, names: Iterable[str]) -> dict[str, str]:
        """Each name's canonical one, names without a letter or digit left out. The order does not matter."""
        told = {name: self._strip(name) for name in set(names) if fold_name(name)}
        known = {name: found for name, plain in told.items() if (found := self.find(plain)) is not None}
        anchors: dict[str, str] = {}
        for name in sorted(set(known.values()), key=self._order, reverse=True):
            anchors[self.stem(name)] = name
        groups: dict[str, list[str]] = defaultdict(list)
        for name in told.keys() - known.keys():
            groups[self.stem(told[name])].append(told[name])
        chosen = {stem: anchors.get(stem) or self._choose(members) for stem, members in groups.items()}
        return {name: known.get(name) or chosen[self.stem(plain)] for name, plain in told.items()}

    def find(self, name: str) -> str | None:
        """The known name that this is, was or would be in the singular or the plural; None for a new one."""
        if (found := self.vocabulary.find(name)) is not None:
            return found
        found_forms = map(self.vocabulary.find, self._forms(fold_name(name)))
        return next((form for form in found_forms if form is not None), None)

    def stem(self, name: str) -> str:
        """What the name has in common with its other forms."""
        return find_stem(fold_name(name), self.code)

    def marks(self, name: str) -> frozenset[str]:
        """By what a tag that somebody took away, or gave, is known again: more than by what two tags become one."""
        canonical = self.find(name) or name
        return frozenset({fold_name(canonical), self.stem(canonical), fold_name(name), self.stem(name)})

    def _strip(self, name: str) -> str:
        return name if self.vocabulary.find(name) is not None else drop_article(name, self.code)

    def _forms(self, key: str) -> Iterator[str]:
        """The stem first, then plurals of it: of those, only what leads back."""
        stem = find_stem(key, self.code)
        yield stem
        start, _, last = stem.rpartition(" ")
        for plural in list_plurals(last, self.code):
            form = f"{start} {plural}".strip()
            if find_stem(form, self.code) == stem:
                yield form

    def _order(self, name: str) -> tuple[bool, int, str]:
        key = fold_name(name)
        return key != self.stem(name), len(key), name

    def _choose(self, members: Iterable[str]) -> str:
        nearest = min(members, key=self._order)
        key = fold_name(nearest)
        spellings = {spell_tag(name, self.code) for name in members if fold_name(name) == key}
        return min(spellings, key=lambda name: ("ß" not in name, name))


def list_plurals(word: str, language: str) -> Iterator[str]:
    """What the plural of a folded word might be, and its British spelling; most of them are no words."""
    yield from _BRITISH.get(word, ())
    yield from _IRREGULAR.get((language, word), ())
    yield from (word + "s", word + "es", word.removesuffix("y") + "ies")
    if language != GERMAN:
        return
    for stem in (word, *(word[:at] + umlaut + word[at + 1 :] for at, umlaut in _find_umlauts(word))):
        yield from (stem + ending for ending in ("", "e", "n", "en", "er", "nen"))


def _find_umlauts(word: str) -> Iterator[tuple[int, str]]:
    return ((at, letter.translate(_UMLAUTS)) for at, letter in enumerate(word) if letter in "aou")


def same_tag(one: str, other: str, vocabulary: Vocabulary, language: str) -> bool:
    """Whether the two names become one tag when a medium gets both, junk or not."""
    canonical = Naming(vocabulary, language).unify((one, other))
    return one in canonical and other in canonical and canonical[one] == canonical[other]


def _turn(pairs: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    turned: dict[str, tuple[str, ...]] = {}
    for key, value in pairs.items():
        turned[fold_name(value)] = (*turned.get(fold_name(value), ()), fold_name(key))
    return turned


_BRITISH = _turn(AMERICAN)
_IRREGULAR = {
    (code, one): plurals
    for code, pairs in {**IRREGULAR, GERMAN: {**IRREGULAR["en"], **IRREGULAR[GERMAN]}}.items()
    for one, plurals in _turn(pairs).items()
}
