"""That the pairs of tags are what they are called, and that the figures made of them are the right ones."""

from collections import Counter

import pytest

from bench.quality.tags.gold import Pair, gather_vocabulary, read_aliases, read_pairs
from contracts.tags import fold_name

PAIRS = read_pairs()


def test_the_pairs_are_many_and_in_both_languages_and_domains() -> None:
    assert len(PAIRS) >= 1600
    languages, domains = (Counter(getattr(pair, field) for pair in PAIRS) for field in ("language", "domain"))
    assert languages.keys() == {"en", "de", "mixed"}
    assert min(languages["en"], languages["de"]) > 0.4 * len(PAIRS)
    assert domains.keys() == {"photograph", "generated"}
    assert 0.4 * len(PAIRS) < sum(pair.same for pair in PAIRS) < 0.6 * len(PAIRS)


def test_no_pair_is_there_twice_nor_with_itself() -> None:
    assert [names for names, times in Counter(frozenset((p.one, p.other)) for p in PAIRS).items() if times > 1] == []
    assert [pair for pair in PAIRS if pair.one == pair.other or not pair.one.strip() or not pair.other.strip()] == []


def test_a_third_is_held_out_by_the_pair_alone() -> None:
    assert 0.3 < sum(pair.held_out for pair in PAIRS) / len(PAIRS) < 0.37
    assert Pair("dog", "dogs", True, "en", "photograph", "plural").held_out
    assert Pair("dogs", "dog", False, "de", "generated", "case").held_out
    assert not Pair("cat", "cats", True, "en", "photograph", "plural").held_out


def test_characters_that_cannot_be_seen_are_written_as_escapes() -> None:
    pair = next(pair for pair in PAIRS if pair.one == "new york" and pair.kind == "unicode")
    assert pair.other == "new\u00a0york"
    assert any("\\" in pair.one for pair in PAIRS if pair.kind == "symbol")  # \o/ is none


@pytest.mark.parametrize("kind", ["plural", "irregular_plural"])
def test_of_some_plurals_the_singular_is_known_and_of_some_not(kind: str) -> None:
    vocabulary = gather_vocabulary(PAIRS, aliases=False)
    known = [vocabulary.find(pair.one) is not None for pair in PAIRS if pair.kind == kind]
    assert 0.5 < sum(known) / len(known) < 0.85


def test_an_alias_stands_for_a_tag_that_is_known() -> None:
    aliases, vocabulary = read_aliases(), gather_vocabulary(PAIRS, aliases=True)
    assert len({fold_name(name) for name in aliases}) == len(aliases)
    assert [name for name in aliases if vocabulary.find(name) is None] == []
    assert vocabulary.find("scifi") == "science fiction"
    assert gather_vocabulary(PAIRS, aliases=False).aliases == {}
