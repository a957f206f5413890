"""What two media have in common, in words."""

import pytest
from pydantic import JsonValue

from bildwerk.likeness_words import LEVELS, TURNS, list_evidence, say_best, say_pair, say_search
from contracts.duplicates import CROWD, FLAT_PICTURE, Better, Level, Likeness, Member, Opinion, Pair, Relation
from handlers.duplicates import turns

OPINION = Opinion(Relation.BURST, Better.NEITHER, "The cat looks up.")


def test_every_level_and_turn_has_words() -> None:
    assert LEVELS.keys() == set(Level)
    assert {*TURNS, "as_is"} == turns.TURNS.keys()


def test_what_is_the_same_all_over_is_not_worth_a_word() -> None:
    nothing: dict[str, JsonValue] = {
        "bits": 0,
        "turn": "as_is",
        "covered": 0.998,
        "light": 1.001,
        "moved": 0.0,
        "displaced": 0.001,
        "overlaid": 0.0001,
    }

    assert list(list_evidence(1, 2, nothing)) == ["perceptual hashes differ by 0 bits"]


def test_evidence_is_told_with_its_units() -> None:
    evidence: dict[str, JsonValue] = {
        "seconds": 1.5,
        "exposures": [0.008, 0.002],
        "biases": [0, -2],
        "seed": 7,
        "platform_hash": "same",
        "platform_phash_bits": 3,
        "displaced": 0.31,
    }

    assert list(list_evidence(1, 2, evidence)) == [
        "31% of its parts stand elsewhere (of the same picture 20% at most)",
        "taken 1.5 s apart",
        "exposed for 0.008 s and 0.002 s",
        "exposure compensation +0 and -2 stops",
        "seed 7",
        "the platform's hashes are the same",
        "the platform's perceptual hashes differ by 3 of 64 bits",
    ]


@pytest.mark.parametrize(
    ("pair", "line"),
    [
        (Pair(3, Level.SAME_BYTES, {}, referee=True), "same_bytes"),
        (Pair(3, Level.NEAR, {}, referee=True), "near, the model was not asked yet"),
        (Pair(3, Level.NEAR, {}, referee=False, awaited=True), "near, the model is asked by 3, later"),
        (Pair(3, Level.NEAR, {}, referee=False), "near"),
        (Pair(3, Level.NEAR, {}, referee=True, closed=True), "near, the model was not asked: the group is large"),
        (Pair(3, Level.NEAR, {}, referee=True, closed=True, opinion=OPINION), "near, the model: burst"),
        (Pair(3, Level.NEAR, {}, referee=True, opinion=OPINION, decision=True), "near, a person: same"),
        (Pair(3, Level.SAME_PICTURE, {}, referee=True, decision=False), "same_picture, a person: different"),
    ],
)
def test_who_decides(pair: Pair, line: str) -> None:
    assert say_pair(pair) == f"3 None: {line}"


def test_the_search() -> None:
    assert say_search(Likeness(sought=True)) == []
    assert say_search(Likeness(sought=False, left_out=9)) == [
        "others like it are being looked for",
        "9 more are like it; left out, because too many pictures share its look",
    ]
    assert say_search(Likeness(sought=True, limits=(CROWD, FLAT_PICTURE))) == [
        "more share its look than are compared: others may be like it, too",
        "too flat to be compared by its look: only copies of its bytes, pixels, prompt or hash are found",
    ]


def test_why_a_copy_is_the_best() -> None:
    assert say_best([Member(1, 9), Member(2, 8)]) == "it has the most pixels"
    assert say_best([Member(1, 9, 5), Member(2, 9, 6)]) == "none has more pixels, and its file is the largest of those"
    assert say_best([Member(1, 9), Member(2, 9)]).endswith("it is the oldest of those")
