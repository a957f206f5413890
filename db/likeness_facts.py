"""What media have in common with others, as facts."""

from collections.abc import Mapping
from typing import Any

from contracts.duplicates import Better, Edge, Level, Likeness, Member, Opinion, Pair, Relation


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
