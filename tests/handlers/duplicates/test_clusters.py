"""Which media are one picture: the same in whatever order pairs are given, and never two that a person told apart."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from contracts.duplicates import Edge, Level, Member, Relation
from handlers.duplicates.clusters import find_best, find_cluster

MEDIA = range(1, 8)
PAIRS = list(combinations(MEDIA, 2))


def graphs(*, decided: bool = True) -> st.SearchStrategy[list[Edge]]:
    """Pairs of seven media, each at most once."""
    decisions = st.sampled_from((None, None, True, False)) if decided else st.none()
    edge = st.tuples(st.sampled_from(Level), st.none() | st.sampled_from(Relation), decisions)
    return st.dictionaries(st.sampled_from(PAIRS), edge).map(
        lambda found: [Edge(*pair, *rest) for pair, rest in found.items()]
    )


def components(edges: list[Edge]) -> dict[int, tuple[int, ...]]:
    """Who is connected with whom by these, by the plainest means."""
    groups = [{medium} for medium in MEDIA]
    for edge in edges:
        one, other = (next(g for g in groups if end in g) for end in (edge.one, edge.other))
        if one is not other:
            groups.remove(other)
            one |= other
    return {medium: tuple(sorted(group)) for group in groups for medium in group}


@given(graphs(), st.randoms())
def test_the_order_of_pairs_does_not_matter(edges: list[Edge], dice: "object") -> None:
    shuffled = list(edges)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    for medium in MEDIA:
        assert find_cluster(medium, edges) == find_cluster(medium, shuffled)


@given(graphs())
def test_clusters_are_the_same_seen_from_each_member(edges: list[Edge]) -> None:
    for medium in MEDIA:
        cluster = find_cluster(medium, edges)
        assert medium in cluster
        assert {find_cluster(member, edges) for member in cluster} == {cluster}


@given(graphs())
def test_two_that_a_person_told_apart_are_never_together(edges: list[Edge]) -> None:
    for edge in edges:
        if edge.decision is False:
            assert edge.other not in find_cluster(edge.one, edges)


@given(graphs())
def test_two_that_a_person_called_the_same_are_together_unless_others_say_no(edges: list[Edge]) -> None:
    """Only somebody who is told apart can stand between them: then a person contradicts a person."""
    told = components([edge for edge in edges if edge.decision is True])
    for edge in edges:
        if edge.decision is not True or edge.other in find_cluster(edge.one, edges):
            continue
        group = told[edge.one]
        assert any(e.decision is False and e.one in group and e.other in group for e in edges)


@given(graphs(decided=False))
def test_without_decisions_clusters_are_what_is_connected(edges: list[Edge]) -> None:
    expected = components([edge for edge in edges if edge.joins])
    assert {medium: find_cluster(medium, edges) for medium in MEDIA} == expected


@given(graphs())
def test_nobody_is_together_who_is_not_connected(edges: list[Edge]) -> None:
    expected = components([edge for edge in edges if edge.joins])
    for medium in MEDIA:
        assert set(find_cluster(medium, edges)) <= set(expected[medium])


@given(st.lists(st.builds(Member, st.integers(1, 50), st.integers(0, 3), st.none() | st.integers(0, 3)), min_size=1))
def test_the_best_copy_has_most_pixels_then_most_bytes_then_is_the_oldest(members: list[Member]) -> None:
    best = find_best(members)
    assert find_best(reversed(members)) == best
    chosen = {(m.pixels, m.file_size or 0) for m in members if m.media_id == best}
    assert max((m.pixels, m.file_size or 0) for m in members) in chosen


def test_a_surer_pair_goes_before_a_less_sure_one() -> None:
    """1 and 3 are apart: 2 stays with the one that it has the same bytes as."""
    edges = [
        Edge(1, 2, Level.SAME_PICTURE),
        Edge(2, 3, Level.SAME_BYTES),
        Edge(1, 3, Level.SAME_PICTURE, decision=False),
    ]
    assert [find_cluster(medium, edges) for medium in (1, 2, 3)] == [(1,), (2, 3), (2, 3)]
