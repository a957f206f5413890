"""Clusters of copies as people are told of them, and keeping what a person decides of two media."""

import asyncio
import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bildwerk.reasons import say
from contracts.duplicates import Edge, Level, Likeness
from db import clusters, duplicates, ledger
from db.clusters import Copy
from db.facts import read_likenesses
from db.failures import is_repeatable
from db.pool import Connection, Pool
from handlers.duplicates.clusters import Rank, find_best, find_cluster, find_clusters, rank_edge
from handlers.runner.planning import Planner, PlanRequest

PAUSES: Final = (0.2, 1.0, 5.0)
"""Seconds before a decision is tried again whose transaction the database broke off."""

UNNAMED: Final = "medium {} is in public.media, but no event ever named it: send media.created"


class Undecidable(Exception):
    """Nothing can be decided of these two; the argument is a line for a person."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Copies of one picture, the one to keep first; each further one with the pair that connects it to one before."""

    copies: tuple[Copy, ...]
    links: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A medium with all that it has in common with others; `copies` are those it is one picture with, itself included.

    `deleted` or `unreadable` (a reason) say why it is like nobody.
    """

    media_id: int
    path: str | None
    likeness: Likeness
    copies: tuple[Copy, ...]
    deleted: bool
    unreadable: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decided of two media, and what follows; `before` is the earlier decision on the same two.

    `cluster` and `other_cluster` are the media that each is one picture with now, itself included. `apart` are pairs
    told different that keep both apart; `torn` such that were told the same, but can no longer be together. `moved`
    media are to be looked at anew: the decision holds for the picture that was seen.
    """

    one: int
    other: int
    same: bool
    before: bool | None
    cluster: tuple[int, ...]
    other_cluster: tuple[int, ...]
    apart: tuple[Edge, ...]
    torn: tuple[Edge, ...]
    moved: tuple[int, ...]


async def list_clusters(connection: Connection, level: Level | None, limit: int) -> tuple[list[Cluster], int]:
    """Up to `limit` clusters, the oldest media first, and how many there are; with `level` those it connects."""
    edges = await clusters.read_edges(connection)
    joining = _by_cluster(edges)
    if level is not None:
        joining = {media: kept for media, kept in joining.items() if any(edge.level is level for edge in kept)}
    chosen = list(joining.items())[:limit]
    copies = await clusters.read_copies(connection, {media_id for media, _ in chosen for media_id in media})
    found = [_arrange([copies[one] for one in media if one in copies], kept) for media, kept in chosen]
    return [cluster for cluster in found if len(cluster.copies) > 1], len(joining)


async def read_known(connection: Connection, media_id: int) -> Known:
    """What is known of one medium. Raises Undecidable when no event ever named it."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        shown = await clusters.read_shown(connection, media_id)
        if shown is None:
            raise Undecidable(UNNAMED.format(media_id))
        likeness = (await read_likenesses(connection, [media_id]))[media_id]
        copies = await clusters.read_copies(connection, {*find_cluster(media_id, likeness.edges), media_id})
    path = copies[media_id].path if media_id in copies else None
    unreadable = shown.unreadable or (None if shown.has_pixels else "not_inspected")
    return Known(media_id, path, likeness, tuple(copies.values()), shown.deleted or shown.missing, unreadable)


async def decide(pool: Pool, planner: Planner, one: int, other: int, *, same: bool) -> Decided:
    """Keep a person's word on two media, plan both, and call everybody of their groups. Raises Undecidable."""
    for pause in (*PAUSES, None):
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await _decide(connection, planner, one, other, same=same)
        except Exception as error:
            if pause is None or not is_repeatable(error):
                raise
            await asyncio.sleep(pause)
    raise AssertionError("the last try returns or raises")


async def _decide(connection: Connection, planner: Planner, one: int, other: int, *, same: bool) -> Decided:
    if one == other:
        raise Undecidable(f"medium {one} is one medium, not two")
    older, newer = sorted((one, other))
    await ledger.lock(connection, (older, newer))
    moved = [media_id for media_id in (older, newer) if await _is_moved(connection, media_id)]
    before = await _read_decision(connection, older, newer)
    if not await duplicates.decide(connection, older, newer, same=same):
        raise Undecidable(f"medium {older} or {newer} shows no picture")
    concerned = [await duplicates.read_group(connection, media_id) for media_id in (older, newer)]
    await duplicates.call(connection, set().union(*concerned) - {older, newer})
    await planner.plan_media(connection, [PlanRequest(older), PlanRequest(newer)])
    known = await read_likenesses(connection, [older, newer])
    return _conclude(one, other, known, same=same, before=before, moved=moved)


async def _is_moved(connection: Connection, media_id: int) -> bool:
    """Whether its picture is to be looked at anew. Raises Undecidable when it shows none."""
    shown = await clusters.read_shown(connection, media_id)
    if shown is None:
        raise Undecidable(UNNAMED.format(media_id))
    if shown.deleted:
        raise Undecidable(f"medium {media_id} was deleted")
    if shown.missing:
        raise Undecidable(f"medium {media_id} was named by an event, but the platform does not have it")
    if shown.unreadable is not None:
        raise Undecidable(f"medium {media_id} shows no picture: {say(shown.unreadable)}")
    if not shown.has_pixels:
        raise Undecidable(f"medium {media_id} shows no picture: {say('not_inspected')}")
    return shown.moved


async def _read_decision(connection: Connection, one: int, other: int) -> bool | None:
    likeness = (await read_likenesses(connection, [one]))[one]
    return next((pair.decision for pair in likeness.pairs if pair.media_id == other), None)


def _conclude(
    one: int, other: int, known: dict[int, Likeness], *, same: bool, before: bool | None, moved: Sequence[int]
) -> Decided:
    edges = {(edge.one, edge.other): edge for likeness in known.values() for edge in likeness.edges}
    at = {media_id: cluster for cluster in find_clusters(list(edges.values())) for media_id in cluster}
    mine, theirs = at.get(one, (one,)), at.get(other, (other,))
    told_apart = [e for e in edges.values() if e.decision is False and {e.one, e.other} != {one, other}]
    told_same = [edge for edge in edges.values() if edge.decision is True]
    return Decided(
        one,
        other,
        same,
        before,
        mine,
        theirs,
        tuple(e for e in told_apart if (e.one in mine and e.other in theirs) or (e.one in theirs and e.other in mine)),
        tuple(e for e in told_same if e.other not in at.get(e.one, ())),
        tuple(moved),
    )


def _by_cluster(edges: Sequence[Edge]) -> dict[tuple[int, ...], list[Edge]]:
    """The joining pairs within each cluster."""
    found = find_clusters(edges)
    at = {media_id: cluster for cluster in found for media_id in cluster}
    kept: dict[tuple[int, ...], list[Edge]] = {cluster: [] for cluster in found}
    for edge in edges:
        if edge.joins and edge.one in at and at[edge.one] is at.get(edge.other):
            kept[at[edge.one]].append(edge)
    return kept


def _arrange(copies: Sequence[Copy], edges: Sequence[Edge]) -> Cluster:
    """The best copy first, then each as the surest pairs lead to it."""
    by_id = {copy.media_id: copy for copy in copies}
    by_rank = {rank_edge(edge): edge for edge in edges}
    ends: dict[int, list[Rank]] = defaultdict(list)
    for rank, edge in by_rank.items():
        ends[edge.one].append(rank)
        ends[edge.other].append(rank)
    reached, links = [find_best(copy.member for copy in copies)], []
    seen, ahead = set(reached), list(ends[reached[0]])
    heapq.heapify(ahead)
    while ahead:
        edge = by_rank[heapq.heappop(ahead)]
        for media_id in {edge.one, edge.other} & by_id.keys() - seen:
            seen.add(media_id)
            reached.append(media_id)
            links.append(edge)
            for rank in ends[media_id]:
                heapq.heappush(ahead, rank)
    return Cluster(tuple(by_id[media_id] for media_id in reached), tuple(links))
