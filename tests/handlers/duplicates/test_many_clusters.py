"""All clusters of a library at once, and what a crowd of copies costs."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from contracts.duplicates import Edge, Level, Relation
from handlers.duplicates.clusters import find_cluster, find_clusters

edges = st.lists(
    st.builds(
        lambda ends, *said: Edge(min(ends), max(ends), *said),
        st.sets(st.integers(1, 8), min_size=2, max_size=2),
        st.sampled_from(Level),
        st.none() | st.sampled_from(Relation),
        st.none() | st.booleans(),
    ),
    max_size=16,
    unique_by=lambda edge: (edge.one, edge.other),
)


def same(one: int, other: int, *, decision: bool | None = None, level: Level = Level.SAME_PICTURE) -> Edge:
    return Edge(one, other, level, decision=decision)


def test_copies_of_copies_are_one_cluster() -> None:
    found = [same(1, 2), same(2, 3), same(5, 6), same(6, 7, level=Level.NEAR)]

    assert find_clusters(found) == [(1, 2, 3), (5, 6)]
    assert [find_cluster(media_id, found) for media_id in (3, 5, 7, 9)] == [(1, 2, 3), (5, 6), (7,), (9,)]


def test_two_that_were_told_apart_meet_over_nobody() -> None:
    apart = same(1, 3, decision=False)

    assert find_clusters([same(1, 2), same(2, 3), apart]) == [(1, 2)]
    assert find_clusters([same(1, 2), same(2, 3, level=Level.SAME_BYTES), apart]) == [(2, 3)]
    assert find_clusters([same(1, 2, level=Level.NEAR, decision=True), same(2, 3, level=Level.SAME_BYTES), apart]) == [
        (1, 2)
    ]
    # 1 and 3 were told apart, and come as clusters of two
    assert find_clusters([same(1, 2), same(3, 4, level=Level.SAME_BYTES), same(2, 4), apart]) == [(1, 2), (3, 4)]


@given(found=edges, data=st.data())
def test_whatever_the_order_nobody_meets_who_was_told_apart(found: list[Edge], data: st.DataObject) -> None:
    clusters = find_clusters(found)
    together = {pair for cluster in clusters for pair in combinations(cluster, 2)}

    assert find_clusters(data.draw(st.permutations(found))) == clusters
    assert sum(map(len, clusters)) == len({media_id for cluster in clusters for media_id in cluster})
    assert not together & {(edge.one, edge.other) for edge in found if edge.decision is False}
    if all(edge.decision is not False for edge in found):
        assert all((edge.one, edge.other) in together for edge in found if edge.joins)
    else:
        joining = [edge for edge in found if edge.joins]
        assert all(any({e.one, e.other} <= set(cluster) for e in joining) for cluster in clusters)


def test_a_thousand_copies_are_no_work() -> None:
    """Every pair of a crowd: looked at once each, not once for every two that are joined already."""
    crowd = [same(one, other) for one, other in combinations(range(1, 1001), 2) if other - one <= 100]

    assert find_clusters(crowd) == [tuple(range(1, 1001))]
