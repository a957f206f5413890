"""Which candidates are like a medium: what is the same in nothing but its emptiness is not."""

from dataclasses import replace

from contracts.candidates import Candidate
from contracts.duplicates import Level
from contracts.sketches import SKETCH_SIDE, Sketch
from handlers.duplicates.matching import match
from tests.gallery import draw

FLAT = Sketch(bytes([200] * SKETCH_SIDE**2))


def candidate(media_id: int, name: str, sketch: Sketch, size: tuple[int, int] = (40, 30)) -> Candidate:
    return Candidate(media_id, f"c{media_id}", name, size, sketch)


def levels(subject: Candidate, *others: Candidate) -> dict[int, Level]:
    return {found.other.media_id: found.level for found in match(subject, others)}


def test_one_colour_in_another_shape_is_nothing_in_common() -> None:
    wide = candidate(1, "white", FLAT)
    assert levels(wide, candidate(2, "white", FLAT, (30, 40)), candidate(3, "white", FLAT)) == {3: Level.SAME_PIXELS}


def test_empty_pictures_are_not_compared() -> None:
    assert levels(candidate(1, "white", FLAT), candidate(2, "grey", FLAT)) == {}


def test_the_surest_come_first_and_evidence_is_seen_from_the_older_one() -> None:
    subject = candidate(5, "a", draw(1, 0))
    copy, other = candidate(9, "b", draw(1, 1)), candidate(2, "c", draw(2, 0))
    same = replace(candidate(7, "a", draw(1, 0)), platform_hash="x")
    found = match(replace(subject, platform_hash="x"), [copy, other, same])
    assert [(one.other.media_id, one.level) for one in found] == [(7, Level.SAME_PIXELS), (9, Level.SAME_PICTURE)]
    assert found[0].evidence == {"platform_hash": "same"}
    (turned,) = match(copy, [subject])
    assert turned.evidence == found[1].evidence
