"""What a pair is, by pixels and by metadata: a table of cases, and what holds for every pair."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from contracts.duplicates import Level
from contracts.moments import Taken
from contracts.sketches import Resemblance, Verdict
from handlers.duplicates.levels import Side, judge, reverse
from handlers.duplicates.turns import INVERSE, TURNS

NOON = datetime(2024, 5, 17, 12)  # noqa: DTZ001 - cameras know no zone
SHOT = Taken(at=NOON, exact=True, exposure=0.01, bias=0.0, camera="Acme Box")
WHOLE = SHOT.model_copy(update={"exact": False})
SAME = Resemblance(Verdict.SAME, 2, "turned_90", 0.9, 1.25, 0.0, 0.02, 0.01)
NEAR = replace(SAME, verdict=Verdict.NEAR, moved=0.01)
UNRELATED = Resemblance(Verdict.UNRELATED, 30)
PLAIN = Side("a", "1")
OTHER = Side("b", "2")
DRAWN = replace(PLAIN, prompt="a hill", negative="people", seed=7)
DRAWN_AGAIN = replace(OTHER, prompt=" a hill\n", negative="people ", seed=7)


def shot(seconds: float = 0, **changes: object) -> Taken:
    """Return an exposure so much later."""
    return SHOT.model_copy(update={"at": NOON + timedelta(seconds=seconds), **changes})


def level(mine: Side, theirs: Side, found: Resemblance | None) -> Level | None:
    """Return the level of a pair, which must be the same both ways."""
    there, back = judge(mine, theirs, found), judge(theirs, mine, found)
    assert (there and there.level) == (back and back.level)
    return there.level if there else None


def taken(first: Taken | None, second: Taken | None, found: Resemblance | None) -> Level | None:
    """Return the level of two photographs."""
    return level(replace(PLAIN, taken=first), replace(OTHER, taken=second), found)


@pytest.mark.parametrize("found", [None, SAME, NEAR, UNRELATED])
def test_equal_bytes_and_equal_pixels_prove_it_whatever_else_there_is(found: Resemblance | None) -> None:
    later = replace(DRAWN_AGAIN, taken=shot(3))
    assert level(PLAIN, replace(later, content_hash="a"), found) is Level.SAME_BYTES
    assert level(replace(DRAWN, taken=SHOT), replace(later, pixel_hash="1"), found) is Level.SAME_PIXELS
    unknown = replace(PLAIN, pixel_hash=None)
    assert level(unknown, replace(OTHER, pixel_hash=None), UNRELATED) is None


@pytest.mark.parametrize("found", [None, NEAR, UNRELATED])
def test_one_prompt_and_seed_are_variants_however_unlike_they_look(found: Resemblance | None) -> None:
    assert level(DRAWN, DRAWN_AGAIN, found) is Level.SAME_PROMPT


def test_variants_that_look_the_same_are_the_same_picture() -> None:
    assert level(DRAWN, DRAWN_AGAIN, SAME) is Level.SAME_PICTURE
    assert level(replace(DRAWN, taken=SHOT), replace(DRAWN_AGAIN, taken=shot(1)), SAME) is Level.SAME_MOMENT


@pytest.mark.parametrize(
    "other",
    [
        replace(DRAWN_AGAIN, seed=8),
        replace(DRAWN_AGAIN, seed=None),
        replace(DRAWN_AGAIN, prompt="a hill, autumn"),
        replace(DRAWN_AGAIN, prompt=None),
        replace(DRAWN_AGAIN, negative="birds"),
    ],
)
def test_another_prompt_or_seed_is_no_variant(other: Side) -> None:
    assert level(DRAWN, other, None) is None
    assert level(DRAWN, other, NEAR) is Level.NEAR


def test_no_seed_and_no_words_are_nothing_in_common() -> None:
    assert level(replace(DRAWN, seed=None), replace(DRAWN_AGAIN, seed=None), UNRELATED) is None
    assert level(replace(DRAWN, prompt=" "), replace(DRAWN_AGAIN, prompt=" "), UNRELATED) is None
    assert level(replace(DRAWN, prompt=None), replace(DRAWN_AGAIN, prompt=None), UNRELATED) is None
    assert level(replace(DRAWN, seed=0), replace(DRAWN_AGAIN, seed=0), UNRELATED) is Level.SAME_PROMPT


SHOTS: dict[str, tuple[Taken | None, Taken | None, Level, Level]] = {
    "no camera": (None, None, Level.SAME_PICTURE, Level.NEAR),
    "one camera": (SHOT, None, Level.SAME_PICTURE, Level.NEAR),
    "one exposure": (SHOT, shot(), Level.SAME_PICTURE, Level.NEAR),
    "a fraction later": (SHOT, shot(0.04), Level.SAME_MOMENT, Level.SAME_MOMENT),
    "ten seconds later": (SHOT, shot(10), Level.SAME_MOMENT, Level.SAME_MOMENT),
    "later": (SHOT, shot(10.01), Level.NEAR, Level.NEAR),
    "a day later": (SHOT, shot(86_399), Level.NEAR, Level.NEAR),
    "one second, as far as is known": (WHOLE, shot(exact=False), Level.SAME_PICTURE, Level.SAME_MOMENT),
    "one second, a fraction of one": (WHOLE, shot(0.7), Level.SAME_PICTURE, Level.SAME_MOMENT),
    "one second, exposed for longer": (SHOT, shot(exposure=0.02), Level.SAME_MOMENT, Level.SAME_MOMENT),
    "one second, exposed by a third of a stop": (SHOT, shot(exposure=0.0126), Level.SAME_MOMENT, Level.SAME_MOMENT),
    "one second, rounded": (SHOT, shot(exposure=0.0101), Level.SAME_PICTURE, Level.NEAR),
    "one second, an exposure unknown": (SHOT, shot(exposure=None), Level.SAME_PICTURE, Level.NEAR),
    "one second, brighter": (SHOT, shot(bias=1 / 3), Level.SAME_MOMENT, Level.SAME_MOMENT),
    "one second, a bias unknown": (SHOT, shot(bias=None), Level.SAME_PICTURE, Level.NEAR),
    "a clock set right": (SHOT, shot(7200), Level.SAME_PICTURE, Level.NEAR),
    "a clock set right by a quarter": (SHOT, shot(-900), Level.SAME_PICTURE, Level.NEAR),
    "a clock set right by the most": (SHOT, shot(93_600), Level.SAME_PICTURE, Level.NEAR),
    "a clock set right, without its fraction": (shot(0.4), shot(7200, exact=False), Level.SAME_PICTURE, Level.NEAR),
    "no clock is set by so much": (SHOT, shot(94_500), Level.NEAR, Level.NEAR),
    "an hour and a second": (SHOT, shot(3601), Level.NEAR, Level.NEAR),
    "an hour and a fraction": (SHOT, shot(3600.3), Level.NEAR, Level.NEAR),
    "an hour, exposed for longer": (SHOT, shot(3600, exposure=0.02), Level.NEAR, Level.NEAR),
    "another camera": (SHOT, shot(3, camera="Acme Box 2"), Level.SAME_PICTURE, Level.NEAR),
    "a camera unknown": (SHOT, shot(3, camera=None), Level.SAME_MOMENT, Level.SAME_MOMENT),
    "a camera in capitals": (SHOT, shot(3, camera="ACME BOX"), Level.SAME_MOMENT, Level.SAME_MOMENT),
}
"""Two exposures, and what they are if pixels say that they are the same, and if pixels are near."""


@pytest.mark.parametrize("name", SHOTS)
def test_exposures_tell_a_moment_from_a_copy(name: str) -> None:
    first, second, if_same, if_near = SHOTS[name]
    assert taken(first, second, SAME) is if_same
    assert taken(first, second, NEAR) is if_near
    assert taken(first, second, UNRELATED) is None
    assert taken(first, second, None) is None


@pytest.mark.parametrize(("light", "expected"), [(1.9, Level.NEAR), (2.1, None), (0.53, Level.NEAR), (0.47, None)])
def test_nothing_is_near_that_is_lit_quite_otherwise(light: float, expected: Level | None) -> None:
    one, other = Side("a", "1", None), Side("b", "2", None)
    assert level(one, other, replace(NEAR, light=light)) is expected
    assert level(one, other, replace(SAME, light=light)) is Level.SAME_PICTURE


def test_evidence_is_what_is_known_and_no_more() -> None:
    burst = judge(replace(DRAWN, taken=SHOT), replace(DRAWN_AGAIN, taken=shot(-2.5, exposure=0.04, bias=1.0)), NEAR)
    assert burst is not None
    assert burst.evidence == {
        "bits": 2,
        "turn": "turned_90",
        "covered": 0.9,
        "light": 1.25,
        "moved": 0.01,
        "displaced": 0.02,
        "overlaid": 0.01,
        "seconds": 2.5,
        "exposures": [0.01, 0.04],
        "biases": [0.0, 1.0],
        "seed": 7,
    }
    assert reverse(burst.evidence) == {
        **burst.evidence,
        "turn": "turned_270",
        "light": 0.8,
        "exposures": [0.04, 0.01],
        "biases": [1.0, 0.0],
    }
    bare = judge(PLAIN, replace(OTHER, content_hash="a"), None)
    assert bare is not None
    assert bare.evidence == reverse(bare.evidence) == {}
    variant = judge(DRAWN, DRAWN_AGAIN, UNRELATED)
    assert variant is not None
    assert variant.evidence == {"bits": 30, "seed": 7}
    assert "seconds" not in reverse(variant.evidence)
    strangers = judge(replace(PLAIN, taken=SHOT), replace(OTHER, taken=shot(3, camera="another")), SAME)
    assert strangers is not None
    assert "seconds" not in strangers.evidence


times = some.sampled_from([0.0, 0.25, 1.0, 9.75, 10.0, 10.5, 900.0, 900.5, 3600.0, 93_600.0, 94_500.0]) | some.integers(
    0, 200_000
).map(float)
exposures = some.builds(
    shot,
    times,
    exact=some.booleans(),
    exposure=some.sampled_from([None, 0.01, 0.0101, 0.02]),
    bias=some.sampled_from([None, 0.0, 1.0]),
    camera=some.sampled_from([None, "Acme Box", "acme box", "Other"]),
)
sides = some.builds(
    Side,
    some.sampled_from("abc"),
    some.sampled_from(["1", "2", "3", None]),
    some.none() | exposures,
    some.sampled_from([None, "", "a hill", "a lake"]),
    some.sampled_from(["", "people"]),
    some.sampled_from([None, 0, 7]),
)
resemblances = some.none() | some.builds(
    Resemblance,
    some.sampled_from(Verdict),
    some.integers(0, 64),
    some.none() | some.sampled_from(sorted(TURNS)),
    some.none() | some.floats(0, 1),
    some.none() | some.floats(0.05, 20).map(lambda light: round(light, 4)),
    some.none() | some.floats(0, 1),
    some.none() | some.floats(0, 1),
)


def see_from_the_other(found: Resemblance | None) -> Resemblance | None:
    """Return what sketches say when they are compared the other way round."""
    if found is None:
        return None
    turn = None if found.turn is None else INVERSE[found.turn]
    return replace(found, turn=turn, light=None if found.light is None else round(1 / found.light, 4))


@given(sides, sides, resemblances)
@settings(max_examples=400)
def test_it_does_not_matter_which_comes_first(mine: Side, theirs: Side, found: Resemblance | None) -> None:
    there, back = judge(mine, theirs, found), judge(theirs, mine, see_from_the_other(found))
    if there is None or back is None:
        assert there is back
        return
    assert there.level is back.level
    assert reverse(there.evidence) == back.evidence


@given(sides, sides, resemblances)
@settings(max_examples=400)
def test_pictures_that_a_camera_took_twice_are_never_the_same_picture(
    mine: Side, theirs: Side, found: Resemblance | None
) -> None:
    if mine.taken is None or theirs.taken is None:
        return
    cameras = {taken.camera.casefold() for taken in (mine.taken, theirs.taken) if taken.camera}
    gap = abs(mine.taken.at - theirs.taken.at).total_seconds()
    if len(cameras) < 2 and gap >= 1 and 1 <= gap % 900 <= 899:  # where a fraction is unknown it is cut off
        finding = judge(mine, theirs, found)
        assert finding is None or finding.level is not Level.SAME_PICTURE


@given(sides, sides)
def test_what_does_not_look_alike_needs_a_prompt_to_be_a_pair(mine: Side, theirs: Side) -> None:
    bare = judge(replace(mine, prompt=None), theirs, UNRELATED)
    assert bare is None or bare.level in {Level.SAME_BYTES, Level.SAME_PIXELS}
