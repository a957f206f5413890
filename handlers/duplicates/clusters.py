"""Which media are one picture: what pairs come to. Pure, and the same in whatever order they are given."""

from collections.abc import Iterable, Sequence

from contracts.duplicates import Edge, Level, Member

_SUREST = list(Level)


def find_cluster(media_id: int, edges: Sequence[Edge]) -> tuple[int, ...]:
    """The media that are one picture with this one, by id, itself included; it alone when there are none.

    Pairs are joined one after the other, a person's word first, then the surest level. Two media that a person told
    apart never meet, not over others either.
    """
    clusters: dict[int, frozenset[int]] = {}
    apart = {frozenset((edge.one, edge.other)) for edge in edges if edge.decision is False}
    for edge in sorted((edge for edge in edges if edge.joins), key=_rank):
        one, other = (clusters.get(end, frozenset({end})) for end in (edge.one, edge.other))
        if any(frozenset((a, b)) in apart for a in one for b in other):
            continue
        joined = one | other
        clusters.update(dict.fromkeys(joined, joined))
    return tuple(sorted(clusters.get(media_id, {media_id})))


def find_best(members: Iterable[Member]) -> int:
    """The copy to keep by what can be counted: most pixels, then the largest file, then the oldest medium."""
    return max(members, key=lambda member: (member.pixels, member.file_size or 0, -member.media_id)).media_id


def _rank(edge: Edge) -> tuple[bool, int, int, int]:
    return edge.decision is not True, _SUREST.index(edge.level), edge.one, edge.other
