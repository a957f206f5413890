"""Which of the candidates that an index gave are like a medium, and how. Pure; 15 ms of CPU for each picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from contracts.candidates import Candidate
from contracts.duplicates import Level, read_bits
from contracts.sketches import Resemblance
from handlers.duplicates.levels import Side, judge
from handlers.duplicates.same_picture import compare

_PLAIN = 12
"""Levels between the darkest and the brightest cell of one colour, as of a border (`handlers.inspect.borders`)."""


@dataclass(frozen=True, slots=True)
class Match:
    """A candidate that is like the medium; `evidence` is seen from the older one of the two."""

    other: Candidate
    level: Level
    evidence: Mapping[str, JsonValue]


def match(subject: Candidate, others: Sequence[Candidate]) -> list[Match]:
    """The candidates that are like the subject, the surest first."""
    compared: dict[tuple[str, bool], Resemblance] = {}
    found, has_meaning = [], _has_meaning(subject)
    for other in others:
        older, newer = sorted((subject, other), key=lambda candidate: candidate.media_id)
        key = other.content_hash, other is older
        if key not in compared and other.pixels != subject.pixels and has_meaning and _has_meaning(other):
            compared[key] = compare(older.sketch, newer.sketch)
        finding = judge(_to_side(older), _to_side(newer), compared.get(key))
        if finding is not None:
            evidence = {**finding.evidence, **_compare_hashes(older, newer)}
            found.append(Match(other, finding.level, evidence))
    return sorted(found, key=_rank)


def _rank(found: Match) -> tuple[int, int, int]:
    return found.level.rank, read_bits(found.evidence), -found.other.media_id


def _has_meaning(candidate: Candidate) -> bool:
    """Whether the sketch shows anything: what is the same all over looks like everything else that is."""
    cells = candidate.sketch.cells
    return max(cells) - min(cells) > _PLAIN


def _to_side(candidate: Candidate) -> Side:
    embedded = candidate.embedded
    if embedded is None or not embedded.certain:
        return Side(candidate.content_hash, candidate.pixels, candidate.taken)
    return Side(
        candidate.content_hash,
        candidate.pixels,
        candidate.taken,
        embedded.prompt,
        embedded.negative_prompt,
        embedded.seed,
    )


def _compare_hashes(one: Candidate, other: Candidate) -> dict[str, JsonValue]:
    """What the platform's own hashes say."""
    said: dict[str, JsonValue] = {}
    if one.platform_hash is not None and one.platform_hash == other.platform_hash:
        said["platform_hash"] = "same"
    if one.platform_phash is not None and other.platform_phash is not None:
        said["platform_phash_bits"] = ((one.platform_phash ^ other.platform_phash) & (1 << 64) - 1).bit_count()
    return said
