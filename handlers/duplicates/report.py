"""What is written of a medium's likeness to others: derived from the graph, without a model."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pydantic import JsonValue

from contracts.duplicates import CROWD, FLAT_PICTURE, Better, Edge, Level, Likeness, Member, Opinion, Pair, Relation
from handlers.duplicates.clusters import find_best, find_cluster

VERSION: Final = 1


def write_report(media_id: int, likeness: Likeness) -> dict[str, JsonValue]:
    """`ollama.duplicate_assist`: the cluster of copies, the one to keep, each similar medium with evidence, hints."""
    cluster = find_cluster(media_id, likeness.edges)
    best = find_best(m for m in likeness.members if m.media_id in cluster) if len(cluster) > 1 else None
    together = (pair for pair in likeness.pairs if not _is_apart(pair))
    similar = sorted(together, key=lambda pair: (pair.level.rank, pair.media_id))
    return {
        "version": VERSION,
        "cluster": list(cluster) if best is not None else [],
        "keep": best,
        "similar": [_tell(pair) for pair in similar],
        "left_out": likeness.left_out,
        "hints": list(_find_hints(media_id, best, similar, likeness)),
    }


def is_empty(report: JsonValue) -> bool:
    """Whether a report tells of nobody."""
    return not isinstance(report, dict) or not (report.get("similar") or report.get("left_out"))


def add_opinions(media_id: int, likeness: Likeness, opinions: Mapping[int, Opinion | None]) -> Likeness:
    """The likeness as it is once these opinions are kept."""
    pairs = tuple(_add_opinion(pair, opinions) for pair in likeness.pairs)
    asked = [pair for pair in pairs if pair.media_id in opinions]
    members = {member.media_id: member for member in likeness.members}
    members |= {pair.media_id: Member(pair.media_id, pair.pixels, pair.file_size) for pair in asked if pair.joins}
    edges = {(edge.one, edge.other): edge for edge in likeness.edges}
    for pair in asked:
        if pair.media_id in members:
            relation = None if pair.opinion is None else pair.opinion.relation
            one, other = sorted((pair.media_id, media_id))
            edges[one, other] = Edge(one, other, pair.level, relation, pair.decision)
    return replace(likeness, pairs=pairs, members=tuple(members.values()), edges=tuple(edges.values()))


def _add_opinion(pair: Pair, opinions: Mapping[int, Opinion | None]) -> Pair:
    if pair.media_id not in opinions:
        return pair
    return replace(pair, closed=True, opinion=opinions[pair.media_id])


def _is_apart(pair: Pair) -> bool:
    if pair.decision is not None:
        return not pair.decision
    return pair.opinion is not None and pair.opinion.relation is Relation.UNRELATED


def _tell(pair: Pair) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"media_id": pair.media_id, "level": pair.level.value, "evidence": dict(pair.evidence)}
    if pair.opinion is not None:
        keep = pair.opinion.keep if pair.referee else _swap(pair.opinion.keep)
        told |= {"relation": pair.opinion.relation.value, "better": keep.value, "reason": pair.opinion.reason}
    if pair.decision is not None:
        told["decision"] = "same"
    return told


def _swap(keep: Better) -> Better:
    return {Better.THIS: Better.OTHER, Better.OTHER: Better.THIS}.get(keep, keep)


def _find_hints(media_id: int, best: int | None, similar: list[Pair], likeness: Likeness) -> list[str]:
    relations = {pair.opinion.relation for pair in similar if pair.opinion is not None}
    levels = {pair.level for pair in similar}
    hints = {
        "best_copy": best == media_id,
        "better_copy_exists": best not in (None, media_id),
        "edited": Relation.EDITED in relations,
        "burst": Relation.BURST in relations or Level.SAME_MOMENT in levels,
        "variant": Relation.VARIANT in relations or Level.SAME_PROMPT in levels,
        "undecided": any(p.level is Level.NEAR and p.opinion is None and p.decision is None for p in similar),
        "more_left_out": likeness.left_out > 0,
        "large_group": likeness.large,
        FLAT_PICTURE: FLAT_PICTURE in likeness.limits,
        CROWD: CROWD in likeness.limits,
    }
    return [name for name, there in hints.items() if there]
