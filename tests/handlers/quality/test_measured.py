"""Defects by figures: their limits, their order, and that a worse figure never makes a milder defect."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contracts.measures import Measures
from handlers.quality.measured import LIMITS, VIEW, find_defects, scores

GOOD = Measures(
    brightness=120,
    darkest=5,
    middle=120,
    brightest=250,
    black=0.01,
    midtones=0.8,
    near_white=0.05,
    white=0.002,
    local_contrast=200,
    edges=100,
    sharpness=0.8,
    sharpness_across=0.7,
    softest_direction=0,
    noise=0.5,
    blockiness=0.02,
)
WORSE: dict[str, dict[str, Any]] = {
    "underexposed": {"darkest": 0, "brightest": 70, "middle": 20, "brightness": 25, "local_contrast": 60},
    "overexposed": {"white": 0.4, "near_white": 0.1, "darkest": 60},
    "low_contrast": {"darkest": 100, "brightest": 150, "local_contrast": 45},
    "noise": {"noise": 15},
    "motion_blur": {"sharpness_across": 0.1},
    "blur": {"sharpness": 0.12, "sharpness_across": 0.11},
    "blockiness": {"blockiness": 1.2},
}
WORSENED = [
    ("underexposed", "brightest", -1),
    ("overexposed", "white", 1),
    ("low_contrast", "local_contrast", -1),
    ("noise", "noise", 1),
    ("motion_blur", "sharpness_across", -1),
    ("blur", "sharpness", -1),
    ("blockiness", "blockiness", 1),
]
measured = some.builds(
    Measures,
    brightness=some.floats(0, 255),
    darkest=some.integers(0, 255),
    middle=some.integers(0, 255),
    brightest=some.integers(0, 255),
    black=some.floats(0, 1),
    midtones=some.floats(0, 1),
    near_white=some.floats(0, 1),
    white=some.floats(0, 1),
    local_contrast=some.none() | some.floats(0, 255),
    edges=some.integers(0, 1024),
    sharpness=some.none() | some.floats(0, 1.5),
    sharpness_across=some.none() | some.floats(0, 1.5),
    noise=some.none() | some.floats(0, 100),
    blockiness=some.none() | some.floats(0, 10),
)
sides = some.integers(1, 50_000)


def find(width: int = 1000, height: int = 700, **figures: Any) -> list[str]:
    """Return the codes found in the good picture with these figures instead."""
    return [defect.code for defect in find_defects(GOOD.model_copy(update=figures), width, height)]


def test_a_good_picture_has_no_defect() -> None:
    assert find() == []


@pytest.mark.parametrize("code", WORSE)
def test_a_bad_figure_is_that_defect_and_says_why(code: str) -> None:
    (defect, *others) = find_defects(GOOD.model_copy(update=WORSE[code]), 3000, 2000 if code != "blur" else 300)
    assert defect.code == code
    assert others == []
    assert defect.severity is not None
    assert 0 < defect.severity < 1
    assert (defect.place, defect.source) == ("whole", "measured")
    assert any(character.isdigit() for character in defect.evidence)


def test_a_small_picture_is_low_in_resolution_and_so_is_an_enlarged_one() -> None:
    assert find(150, 100) == ["low_resolution"]
    assert find(400, 300) == []
    assert "low_resolution" in find(600, 400, sharpness=0.2, sharpness_across=0.19)


@pytest.mark.parametrize(
    ("light", "range_left"),
    [("underexposed", {"darkest": 0, "brightest": 40}), ("overexposed", {"darkest": 210, "brightest": 255})],
)
def test_light_is_judged_before_contrast(light: str, range_left: dict[str, int]) -> None:
    assert find(**WORSE[light] | range_left | {"local_contrast": 20}) == [light]


def test_noise_hides_how_sharp_a_picture_is() -> None:
    assert find(2000, **WORSE["noise"] | WORSE["blur"]) == ["noise"]
    assert find(**WORSE["noise"] | WORSE["motion_blur"]) == ["noise"]


def test_a_stroke_is_not_called_a_blur_as_well() -> None:
    assert find(edges=100, sharpness=0.25, sharpness_across=0.07) == ["motion_blur"]


def test_a_few_edges_say_nothing_of_motion() -> None:
    assert find(edges=9, **WORSE["motion_blur"]) == []


def test_without_an_edge_nothing_is_said_of_sharpness() -> None:
    assert find(edges=0, sharpness=None, sharpness_across=None, local_contrast=None, noise=None, blockiness=None) == []


def test_what_a_view_does_not_show_is_no_defect() -> None:
    soft = {"sharpness": 0.25, "sharpness_across": 0.22}
    assert find(VIEW, 1000, **soft) == ["blur"]
    assert find(3 * VIEW, 3000, **soft) == []
    assert find(3 * VIEW, 3000, noise=8) == []


@given(measured, sides, sides)
def test_any_figures_give_defects_with_a_severity(measures: Measures, width: int, height: int) -> None:
    found = find_defects(measures, width, height)
    assert found == find_defects(measures, width, height)
    order = list(LIMITS)
    assert [order.index(defect.code) for defect in found] == sorted({order.index(defect.code) for defect in found})
    assert all(defect.severity is not None and 0 <= defect.severity <= 1 for defect in found)
    assert scores(measures, width, height).keys() == LIMITS.keys()


@given(measured, sides, sides, some.sampled_from(WORSENED), some.floats(0, 100))
def test_a_worse_figure_never_scores_less(
    measures: Measures, width: int, height: int, worsened: tuple[str, str, int], by: float
) -> None:
    code, name, sign = worsened
    before = getattr(measures, name)
    if before is None:
        return
    worse = measures.model_copy(update={name: max(0, before + sign * by)})
    scored, again = scores(measures, width, height)[code], scores(worse, width, height)[code]
    if name != "white" or measures.white <= worse.white:
        assert again >= scored
        assert LIMITS[code].severity(again) >= LIMITS[code].severity(scored)


@given(some.sampled_from(list(LIMITS)), some.floats(-1e6, 1e6), some.floats(0, 1e6))
def test_severity_grows_with_the_score(code: str, score: float, more: float) -> None:
    limit = LIMITS[code]
    assert 0 <= limit.severity(score) <= limit.severity(score + more) <= 1
    assert (limit.severity(limit.found), limit.severity(limit.spoilt)) == (0, 1)
