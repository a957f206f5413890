"""What holds of the engine for any names, libraries and languages."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tags import Vocabulary, fold_name
from handlers.tags.junk import is_junk
from handlers.tags.naming import Naming
from handlers.tags.normalize import LEVELS, Named, Normalizer
from handlers.tags.rules import TagRules
from handlers.tags.spelling import drop_article, spell_tag
from handlers.tags.stems import find_root, find_stem
from tests.handlers.tags.names import languages, libraries, named, names

few = st.lists(names, max_size=3).map(tuple)
engines = st.builds(
    Normalizer,
    vocabulary=libraries,
    language=languages,
    rules=st.builds(TagRules, most=st.integers(0, 6) | st.just(20)),
    carried=few,
    removed=st.frozensets(names, max_size=2),
    texts=few,
    instructions=st.just(frozenset({"tag", "main", "visible", "place"})),
)


def again(engine: Normalizer, tags: list[Named]) -> list[Named]:
    """The tags that the engine makes of these, as if a model had named them."""
    return [Named(tag.name, tag.level) for tag in engine.normalize(tags)]


@settings(max_examples=200)
@given(names)
def test_folding_twice_is_folding_once(name: str) -> None:
    assert fold_name(fold_name(name)) == fold_name(name)


@settings(max_examples=200)
@given(names, st.sampled_from(["en", "de", "fr"]))
def test_forms_of_forms_are_the_same(name: str, language: str) -> None:
    key = fold_name(name)
    assert find_stem(find_stem(key, language), language) == find_stem(key, language)
    spelled = spell_tag(name, language)
    assert spell_tag(spelled, language) == spelled
    assert fold_name(spelled) == key
    bare = drop_article(name, language)
    assert drop_article(bare, language) == bare
    assert find_root(fold_name(bare), language) == find_root(key, language) or not fold_name(bare)


@settings(max_examples=200)
@given(st.lists(names, max_size=12), libraries, languages)
def test_canonical_names_are_their_own(said: list[str], vocabulary: Vocabulary, language: str) -> None:
    naming = Naming(vocabulary, language)
    canonical = naming.unify(said)
    assert canonical.keys() == {name for name in said if fold_name(name)}
    assert naming.unify(canonical.values()) == {name: name for name in canonical.values()}
    assert all(naming.unify([*said, name])[name] == name for name in canonical.values())
    assert all(spell_tag(name, naming.code) == name for name in canonical.values() if naming.find(name) is None)


@settings(max_examples=200)
@given(st.lists(names, max_size=12), libraries, languages)
def test_two_known_tags_stay_two(said: list[str], vocabulary: Vocabulary, language: str) -> None:
    told = [*said, *vocabulary.spellings.values()]
    canonical = Naming(vocabulary, language).unify(told)
    known = {name: found for name in told if (found := vocabulary.find(name)) is not None}
    assert {name: canonical[name] for name in known} == known


@settings(max_examples=200)
@given(engines, named)
def test_normalising_twice_is_normalising_once(engine: Normalizer, tags: list[Named]) -> None:
    once = engine.normalize(tags)
    assert engine.normalize([Named(tag.name, tag.level) for tag in once]) == once


@settings(max_examples=200)
@given(engines, named, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(engine: Normalizer, tags: list[Named], order: random.Random) -> None:
    shuffled = [*tags]
    order.shuffle(shuffled)
    assert engine.normalize(shuffled) == engine.normalize(tags)


@settings(max_examples=200)
@given(engines, named)
def test_nothing_comes_that_must_not(engine: Normalizer, tags: list[Named]) -> None:
    given_names = [tag.name for tag in engine.normalize(tags)]
    assert len(given_names) + len({fold_name(name) for name in engine.distinct.values()}) <= max(
        engine.rules.most, len(engine.distinct)
    )
    assert not any(engine.rules.is_reserved(name) or is_junk(name) for name in given_names)
    taken = {fold_name(form) for name in (*engine.removed, *engine.carried) for form in forms(engine, name)}
    assert taken.isdisjoint(fold_name(form) for name in given_names for form in forms(engine, name))
    assert len({fold_name(name) for name in given_names}) == len(given_names)


def forms(engine: Normalizer, name: str) -> set[str]:
    """By what a name is known again: itself, what it is an alias of, and their singular."""
    known = {name, engine.vocabulary.find(name) or name}
    return known | {engine.naming.root(form) for form in known}


@settings(max_examples=100)
@given(engines, named)
def test_the_strongest_level_counts(engine: Normalizer, tags: list[Named]) -> None:
    canonical = engine.naming.unify([*(tag.name for tag in tags if engine.is_usable(tag.name)), *engine.carried])
    for normal in engine.normalize(tags):
        levels = [tag.level for tag in tags if canonical.get(tag.name) == normal.name and engine.is_usable(tag.name)]
        assert normal.level == min(levels, key=LEVELS.index)
