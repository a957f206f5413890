"""Which media are one picture: what pairs come to. Pure, and the same in whatever order they are given."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from contracts.duplicates import Edge, Member

Rank = tuple[bool, int, int, int]


def find_clusters(edges: Sequence[Edge]) -> list[tuple[int, ...]]:
    """The media that are one picture, by id: each cluster of two or more once, in the order of their first ids.

    Pairs are joined one after the other, a person's word first, then the surest level. Two media that a person told
    apart never meet, not over others either.
    """
    clusters: dict[int, _Cluster] = {}
    for edge in edges:
        for one, other in ((edge.one, edge.other), (edge.other, edge.one)):
            cluster = clusters.setdefault(one, _Cluster({one}))
            if edge.decision is False:
                cluster.apart.add(other)
    for edge in sorted((edge for edge in edges if edge.joins), key=rank_edge):
        small, large = sorted((clusters[edge.one], clusters[edge.other]), key=lambda cluster: len(cluster.media))
        if small is large or not small.media.isdisjoint(large.apart):
            continue
        large.media |= small.media
        large.apart |= small.apart
        clusters.update(dict.fromkeys(small.media, large))
    found = {id(cluster): tuple(sorted(cluster.media)) for cluster in clusters.values()}
    return sorted(media for media in found.values() if len(media) > 1)


def find_cluster(media_id: int, edges: Sequence[Edge]) -> tuple[int, ...]:
    """The media that are one picture with this one, by id, itself included; it alone when there are none."""
    return next((cluster for cluster in find_clusters(edges) if media_id in cluster), (media_id,))


def find_best(members: Iterable[Member]) -> int:
    """The copy to keep by what can be counted: most pixels, then the largest file, then the oldest medium."""
    return max(members, key=lambda member: (member.pixels, member.file_size or 0, -member.media_id)).media_id


def rank_edge(edge: Edge) -> Rank:
    """The order in which pairs are joined: a person's word first, then the surest level, then the oldest media."""
    return edge.decision is not True, edge.level.rank, edge.one, edge.other


@dataclass(slots=True)
class _Cluster:
    """What has been joined so far, and everybody whom a person told apart from somebody of it."""

    media: set[int]
    apart: set[int] = field(default_factory=set)
