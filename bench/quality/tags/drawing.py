"""A third set of pairs, drawn by lot from two dictionaries: what is one tag and what is two, they say, and no person.

Nobody who wrote a rule chose a pair. Pairs that are in the sets written by hand are left out.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, pairwise, product

from bench.quality.tags.dictionaries import (
    PLACES,
    Meaning,
    Synset,
    is_german_noun,
    list_neighbours,
)
from bench.quality.tags.gold import Pair

SEED = 5
"""Of the lot; the set was drawn once, with the first one."""
Names = tuple[str, str]

DRESSES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("case", str.title),
    ("case", str.upper),
    ("case", str.lower),
    ("decoration", lambda name: f"#{name}"),
    ("separator", lambda name: name.replace(" ", "_")),
    ("separator", lambda name: name.replace(" ", "-")),
)
AMOUNTS = {
    ("plural", "en"): 75,
    ("plural", "de"): 75,
    ("spelling", "en"): 60,
    ("dress", "en"): 45,
    ("dress", "de"): 45,
    ("near", "en"): 110,
    ("near", "de"): 90,
    ("gendered", "de"): 40,
    ("translation", "mixed"): 40,
    ("homograph", "en"): 3,
    ("homograph", "de"): 3,
}
"""By kind and language. Of pairs that case or ß alone tells apart there are few, as in the sets written by hand."""
_SAME = ("plural", "spelling", "dress")


def draw_pairs(
    entries: Sequence[Sequence[Meaning]], synsets: Sequence[Synset], usual: frozenset[str], known: Iterable[Pair]
) -> list[Pair]:
    """All pairs, by kind; none of them `known`."""
    taken = {frozenset((pair.one, pair.other)) for pair in known}
    translations, numbers = _translate(entries), list_numbers(entries)
    pools: dict[tuple[str, str], Iterable[Names]] = {
        ("plural", "en"): list_english_plurals(entries),
        ("plural", "de"): list_german_plurals(entries),
        ("spelling", "en"): list_spellings(synsets),
        ("dress", "en"): ((noun, noun) for noun in usual if noun.isascii()),
        ("dress", "de"): ((noun, noun) for noun in translations),
        ("near", "en"): list_english_neighbours(synsets, usual) - numbers,
        ("near", "de"): list_german_neighbours(translations) - numbers,
        ("gendered", "de"): list_women(entries),
        ("translation", "mixed"): ((de, min(en)) for de, en in translations.items() if de.lower() not in en),
        ("homograph", "en"): list_english_homographs(synsets, usual),
        ("homograph", "de"): list_german_homographs(entries),
    }
    lot = random.Random(SEED)
    return [pair for what, amount in AMOUNTS.items() for pair in _draw(lot, what, amount, pools[what], taken)]


def list_english_plurals(entries: Iterable[Sequence[Meaning]]) -> set[Names]:
    """What Ding has as a thing and several of it, where German says that it is so."""
    return {(one.english[0], many.english[0]) for one, many in _list_numbers(entries) if _is_plural(one, many)}


def _is_plural(one: Meaning, many: Meaning) -> bool:
    return len(one.english) == len(many.english) == 1 and one.english != many.english


def list_german_plurals(entries: Iterable[Sequence[Meaning]]) -> set[Names]:
    """The same in German."""
    names = ((one.german[0].name, many.german[0].name) for one, many in _list_numbers(entries))
    return {(one, many) for one, many in names if one != many and is_german_noun(one)}


def list_numbers(entries: Iterable[Sequence[Meaning]]) -> set[Names]:
    """Whatever may be one and several of a thing, in order of letters: no pair of two things is drawn from these."""
    found: set[Names] = set()
    for line in entries:
        for one, many in combinations(line, 2):
            if "pl" in _genders(many).split():
                names = product(_name_all(one), _name_all(many))
                found.update((min(pair), max(pair)) for pair in names)
    return found


def _name_all(meaning: Meaning) -> list[str]:
    return [*(word.name for word in meaning.german), *meaning.english]


def _list_numbers(entries: Iterable[Sequence[Meaning]]) -> list[tuple[Meaning, Meaning]]:
    pairs = [(one, many) for line in entries for one, many in pairwise(line)]
    return [(one, many) for one, many in pairs if _genders(one) in ("m", "f", "n") and _genders(many) == "pl"]


def _genders(meaning: Meaning) -> str:
    return " ".join(word.gender for word in meaning.german)


def list_spellings(synsets: Iterable[Synset]) -> set[Names]:
    """Nouns of one meaning that differ in a letter, or in being one word or two."""
    found: set[Names] = set()
    for synset in synsets:
        joined: dict[str, list[str]] = defaultdict(list)
        for noun in synset.nouns:
            joined["".join(filter(str.isalpha, noun.lower()))].append(noun)
        found |= {
            (same[0], other) for same in joined.values() for other in same[1:] if other.lower() != same[0].lower()
        }
        found.update(list_neighbours(noun for noun in synset.nouns if _is_plain(noun)))
    return found


def list_english_neighbours(synsets: Iterable[Synset], usual: frozenset[str]) -> set[Names]:
    """Nouns that differ in a letter, and in every meaning."""
    meanings = _number(synsets)
    plain = [noun for noun in meanings if _is_plain(noun) and noun in usual]
    return {(one, other) for one, other in list_neighbours(plain) if not meanings[one] & meanings[other]}


def list_english_homographs(synsets: Sequence[Synset], usual: frozenset[str]) -> set[Names]:
    """Places that are something else in small letters."""
    meanings = _number(synsets)
    names = {noun for set_ in synsets if set_.topic == PLACES for noun in set_.nouns}
    capitals = {name for name in names if name.isalpha() and name.istitle() and len(name) > 3 and name.lower() in usual}
    return {
        (name, name.lower()) for name in capitals if not meanings[name] & meanings.get(name.lower(), meanings[name])
    }


def list_german_neighbours(translations: dict[str, frozenset[str]]) -> set[Names]:
    """Nouns that differ in a letter, and have no translation in common."""
    pairs = list_neighbours(filter(is_german_noun, translations))
    return {(one, other) for one, other in pairs if not translations[one] & translations[other]}


def list_women(entries: Iterable[Sequence[Meaning]]) -> set[Names]:
    """Who does something, as a man and as a woman."""
    pairs = {(m.german[0], m.german[1]) for line in entries for m in line if _genders(m) == "m f"}
    return {(man.name, woman.name) for man, woman in pairs if woman.name.endswith("in") and is_german_noun(man.name)}


def list_german_homographs(entries: Sequence[Sequence[Meaning]]) -> set[Names]:
    """Nouns that are another word in small letters, or with ss for ß, without a translation in common.

    No verbs and no adjectives that became a noun: Laufen, Alte.
    """
    nouns, others = _translate(entries), _translate(entries, small=True)
    plain = {name for name in nouns if is_german_noun(name) and not name.endswith(("n", "e", "er", "es"))}
    case = {(name, name.lower()) for name in plain if name.lower() in others}
    sharp = {(name, name.replace("ß", "ss")) for name in nouns if "ß" in name and name.replace("ß", "ss") in nouns}
    every = nouns | others
    return {(one, other) for one, other in case | sharp if not every[one] & every[other]}


def _translate(entries: Iterable[Sequence[Meaning]], *, small: bool = False) -> dict[str, frozenset[str]]:
    """German nouns of one thing (or words in small letters) and all that they are in English."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in entries:
        for meaning in line:
            for word in meaning.german:
                if meaning.english and (word.name.islower() if small else word.gender in ("m", "f", "n")):
                    found[word.name].update(name.lower() for name in meaning.english)
    return {name: frozenset(english) for name, english in found.items()}


def _number(synsets: Iterable[Synset]) -> dict[str, frozenset[str]]:
    numbers: dict[str, set[str]] = defaultdict(set)
    for synset in synsets:
        for noun in synset.nouns:
            numbers[noun].add(synset.number)
    return {noun: frozenset(of) for noun, of in numbers.items()}


def _is_plain(noun: str) -> bool:
    return noun.isascii() and noun.isalpha() and noun.islower() and len(noun) > 3


def _draw(
    lot: random.Random, what: tuple[str, str], amount: int, pool: Iterable[Names], taken: set[frozenset[str]]
) -> list[Pair]:
    kind, language = what
    free = sorted(names for names in set(pool) if frozenset(names) not in taken)
    drawn = []
    for one, other in lot.sample(free, min(amount, len(free))):
        named, dressed = (kind, other) if kind != "dress" else _dress(lot, other)
        if dressed != one:
            drawn.append(Pair(one, dressed, kind in _SAME, language, "dictionary", named, second=True))
    return drawn


def _dress(lot: random.Random, name: str) -> tuple[str, str]:
    kind, change = lot.choice([dress for dress in DRESSES if dress[1](name) != name])
    return kind, change(name)
