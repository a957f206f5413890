"""What media have in common with others, as facts."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.duplicates import ASKED, ASKS, Better, Edge, Level, Likeness, Member, Opinion, Pair, Relation
from db.duplicates import GROUP
from db.pool import Connection
from db.queries import load

PAIRS = 64
"""Pairs of one medium that are given: those it asks about, then the oldest media."""


async def read_likenesses(connection: Connection, media_ids: Sequence[int]) -> dict[int, Likeness]:
    """The likeness of each medium known to us."""
    rows = await fetch_likenesses(connection, media_ids)
    return {media_id: read_likeness(row) for media_id, row in rows.items()}


async def fetch_likenesses(connection: Connection, media_ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """The row that tells of the likeness of each medium known to us."""
    rows = await connection.fetch(load("facts")["facts_likeness"], list(media_ids), ASKS, sorted(ASKED), GROUP, PAIRS)
    return {row["media_id"]: row for row in rows}


def read_likeness(row: Mapping[str, Any]) -> Likeness:
    """What the row tells."""
    return Likeness(
        row["sought"],
        tuple(map(_read_pair, row["pairs"] or ())),
        tuple(Member(*member) for member in row["members"] or ()),
        tuple(_read_edge(edge) for edge in row["edges"] or ()),
        row["left_out"],
        bool(row["large"]),
        tuple(row["search_limits"]),
    )


def _read_pair(pair: Mapping[str, Any]) -> Pair:
    relation, opinion = _read_relation(pair), None
    if relation is not None:
        opinion = Opinion(relation, Better(pair["keep"]), pair["reason"])
    return Pair(
        pair["media_id"],
        Level(pair["level"]),
        pair["evidence"],
        pair["referee"],
        pair["closed"],
        pair["awaited"],
        opinion,
        pair["decision"],
        pair["path"],
        pair["content_hash"],
        pair["pixel_hash"],
        pair["pixels"],
        pair["file_size"],
    )


def _read_edge(edge: Mapping[str, Any]) -> Edge:
    return Edge(edge["one"], edge["other"], Level(edge["level"]), _read_relation(edge), edge["decision"])


def _read_relation(said: Mapping[str, Any]) -> Relation | None:
    return None if said["relation"] is None else Relation(said["relation"])
