"""That the pairs of tags are what they are called, and that the figures made of them are the right ones."""

from collections import Counter

import pytest

from bench.quality.parts import Plan
from bench.quality.tags import merging
from bench.quality.tags.counting import Count, count
from bench.quality.tags.gold import Pair, gather_vocabulary, read_aliases, read_pairs
from bench.quality.tags.plot import WIDTH, draw
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


def test_of_the_first_set_a_third_is_held_out_by_the_pair_alone() -> None:
    first = [pair for pair in PAIRS if not pair.second]
    assert 0.3 < sum(pair.held_out for pair in first) / len(first) < 0.37
    assert Pair("dog", "dogs", True, "en", "photograph", "plural").held_out
    assert Pair("dogs", "dog", False, "de", "generated", "case").held_out
    assert not Pair("cat", "cats", True, "en", "photograph", "plural").held_out


def test_the_second_set_is_large_and_held_out_as_a_whole() -> None:
    second = [pair for pair in PAIRS if pair.second]
    assert len(second) >= 500
    assert all(pair.held_out for pair in second)
    assert {pair.language for pair in second} == {"en", "de", "mixed"}
    assert {pair.domain for pair in second} == {"photograph", "generated"}


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


def test_an_engine_is_counted_by_what_it_makes_one() -> None:
    pairs = [
        Pair(one, other, same, "en", "photograph", "case")
        for one, other, same in (("a", "A", True), ("b", "b c", True), ("d", "D", False), ("e", "f", False))
    ]
    told = count(pairs, lambda pair: pair.one == pair.other.lower())
    assert told == Count(same=2, found=1, different=2, wrong=1)
    assert (told.precision, told.recall) == (0.5, 0.5)
    assert count(pairs, lambda _: False) == Count(2, 0, 2, 0)
    assert count(pairs, lambda _: False).precision is None
    many = Count(same=300, found=299, different=1, wrong=0)
    assert many.precision == 1
    assert many.precision_at_least == pytest.approx(1 - 0.00997, abs=1e-4)  # the rule of three


def test_the_drawing_shows_both_halves() -> None:
    drawing = draw({"case": (Count(4, 2, 0, 0), Count(2, 1, 0, 0)), "near": (Count(0, 0, 4, 1), None)})
    assert drawing.count("<path") == 1  # one kind was measured in both
    assert f'width="{WIDTH / 2}"' in drawing
    assert f'width="{WIDTH / 4}"' in drawing


def test_a_quick_run_leaves_the_held_out_pairs_alone() -> None:
    section = merging.evaluate(Plan(quick=True, advance=lambda *_: None))
    asked = {(one, other) for one, other, *_ in section.figures["development"]}
    assert asked
    assert asked.isdisjoint((pair.one, pair.other) for pair in PAIRS if pair.held_out)
    rows = section.tables[0].rows
    assert {row[0] for row in rows if row[2]} == {"development", "all"}
    assert [row[2:] for row in rows if row[0] == "development"] == [row[2:] for row in rows if row[0] == "all"]


def test_wrong_pairs_are_named_in_the_development_part_only() -> None:
    section = merging.evaluate(Plan(quick=False, advance=lambda *_: None))
    named = {row[0].strip("`") for row in section.tables[-1].rows}
    assert "gift" in named
    assert named <= {pair.one for pair in PAIRS if not pair.held_out}


def test_pairs_that_case_alone_tells_apart_are_few() -> None:
    lost = [(pair.one, pair.other) for pair in PAIRS if not merging.is_told_by_more_than_case(pair)]
    assert ("Polish", "polish") in lost
    assert ("Masse", "Maße") not in lost
    assert ("cat", "cats") not in lost
    assert len([names for names in lost if any(letter.isalpha() for letter in names[0])]) <= 12


def test_an_alias_is_found_only_with_the_table() -> None:
    pair = Pair("bicycle", "bike", True, "en", "photograph", "synonym")
    plain, helped = (merging.gather_libraries(PAIRS, aliases=aliases) for aliases in (False, True))
    assert (merging.ask(plain, pair), merging.ask(helped, pair)) == (False, True)
