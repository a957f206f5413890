"""The index keeps up with a vocabulary that grows, shrinks and is called otherwise."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.tags import Vocabulary, fold_name
from handlers.tags.roots import RootIndex, index_roots
from handlers.tags.stems import find_root

NAMES = ("rose", "roses", "Rosen", "rot", "red rose", "Red Roses", "pixel art", "pixelart", "Hund", "Hunde", "hound")
names = st.sampled_from(NAMES)
vocabularies = st.builds(
    lambda spelled, others: Vocabulary(
        {fold_name(n): n for n in spelled}, {fold_name(k): v for k, v in others.items()}
    ),
    st.lists(names),
    st.dictionaries(names, names, max_size=3),
)


@given(st.lists(vocabularies, min_size=1, max_size=5), st.sampled_from(["en", "de"]))
def test_an_index_that_followed_is_one_made_at_once(steps: list[Vocabulary], code: str) -> None:
    followed = RootIndex(code)
    for vocabulary in steps:
        followed = followed.follow(vocabulary)
    fresh = RootIndex(code).follow(steps[-1])
    for name in NAMES:
        root = find_root(fold_name(name), code)
        assert followed.find(root) == fresh.find(root)
    assert followed.entries == fresh.entries


def test_a_name_that_is_gone_is_not_found() -> None:
    before = Vocabulary({"hunde": "Hunde", "hund": "Hund"}, {})
    root = find_root("hund", "de")
    assert index_roots(before, "de").find(root) == "Hund"
    after = Vocabulary({"hunde": "Hunde"}, {})
    assert index_roots(after, "de").find(root) == "Hunde"
    assert index_roots(Vocabulary(), "de").find(root) is None


def test_the_same_vocabulary_is_indexed_once() -> None:
    vocabulary = Vocabulary({"hund": "Hund"}, {})
    assert index_roots(vocabulary, "de") is index_roots(vocabulary, "de")
