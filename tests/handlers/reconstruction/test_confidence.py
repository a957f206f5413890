"""The confidence of a reconstruction: bounded, monotone, and never the model's word alone."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reconstruction.agreement import measure_agreement
from handlers.reconstruction.confidence import ALONE, LEAST, compute_confidence
from handlers.reconstruction.rules import ReconstructionRules
from handlers.reconstruction.slots import ANCHORS, SLOTS, WEIGHTS, Certainty, Slot, assemble_prompt

RISING: tuple[Certainty, ...] = ("none", "guess", "likely", "sure")
certainties = st.fixed_dictionaries({name: st.sampled_from(RISING) for name in SLOTS})
agreements = st.none() | st.floats(0, 1)
texts = st.text(max_size=60) | st.sampled_from(["A red fox in deep snow", "Ein Fuchs im Schnee", "狐が雪の中に"])


def told(said: Mapping[str, Certainty]) -> dict[str, Slot]:
    return {name: Slot("x", certainty) for name, certainty in said.items()}


@given(certainties, agreements)
def test_it_is_a_share(said: dict[str, Certainty], agreement: float | None) -> None:
    assert 0 <= compute_confidence(told(said), agreement) <= 1


@given(certainties, st.sampled_from(SLOTS), agreements)
def test_more_certainty_never_lowers_it(said: dict[str, Certainty], slot: str, agreement: float | None) -> None:
    rising = [compute_confidence(told({**said, slot: certainty}), agreement) for certainty in RISING]
    assert rising == sorted(rising)
    if WEIGHTS[slot]:
        assert rising[0] < rising[-1]


@given(certainties, st.floats(0, 1), st.floats(0, 1))
def test_more_agreement_never_lowers_it(said: dict[str, Certainty], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert compute_confidence(told(said), low) <= compute_confidence(told(said), high)


@given(certainties)
def test_the_models_word_alone_never_makes_a_prompt(said: dict[str, Certainty]) -> None:
    for agreement in (None, 0.0):
        assert compute_confidence(told(said), agreement) <= ALONE < ReconstructionRules().confidence_limit


@given(certainties, st.data())
def test_a_part_that_is_left_out_counts_as_one_that_says_nothing(
    said: dict[str, Certainty], data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.sampled_from(SLOTS)))
    parts = {name: certainty for name, certainty in said.items() if name in kept}
    nothing: dict[str, Certainty] = {name: said[name] if name in kept else "none" for name in SLOTS}
    assert compute_confidence(told(parts), 0.5) == compute_confidence(told(nothing), 0.5)


@pytest.mark.parametrize(
    ("certainty", "agreement", "confidence"),
    [("sure", 1, 0.9), ("likely", 1, 0.6), ("guess", 1, 0.3), ("sure", 0, 0.27), ("sure", None, 0.36),
     ("sure", 0.5, 0.585), ("none", 1, 0)],
)  # fmt: skip
def test_what_it_comes_to(certainty: Certainty, agreement: float | None, confidence: float) -> None:
    assert compute_confidence(told(dict.fromkeys(SLOTS, certainty)), agreement) == confidence


def test_what_a_picture_is_of_counts_most() -> None:
    assert max(WEIGHTS, key=lambda name: WEIGHTS[name]) == "subject"
    assert list(ANCHORS.values()) == sorted(ANCHORS.values(), reverse=True)
    assert 0 < LEAST < ALONE


@pytest.mark.parametrize(
    ("depicted", "known", "agreement"),
    [
        ("a red fox in deep snow", ["A red fox stands in the deep snow."], 1),
        ("a red fox in deep snow", ["Two foxes."], 0.25),
        ("a red fox in deep snow", ["fox", "snowy", "forest"], 0.5),
        ("two children running", ["A child runs"], 1),
        ("ein Fuchs im Schnee", ["Füchse", "Schneelandschaft"], 1),
        ("Häuser an einem Bach", ["Ein Haus am Bach"], 1),
        ("a car", ["a carpet"], 0),
        ("a car", ["cars"], 1),
        ("a fox", ["the sea"], 0),
        ("", ["the sea"], 0),
        ("the and with", ["the sea"], 0),
        ("a fox", [], None),
        ("a fox", ["", "the and", "12 of 14"], None),
        ("雪の中の狐", ["雪の中に狐がいる"], 0.5),
    ],
)
def test_agreement(depicted: str, known: list[str], agreement: float | None) -> None:
    assert measure_agreement(depicted, known) == agreement


@given(texts, st.lists(texts, max_size=4), texts)
def test_another_text_never_lowers_the_agreement(depicted: str, known: list[str], more: str) -> None:
    before, after = measure_agreement(depicted, known), measure_agreement(depicted, [*known, more])
    assert before is None or (after is not None and 0 <= before <= after <= 1)
    assert measure_agreement(depicted, [*known, depicted]) in (None, 0.0, 1.0)


def test_parts_become_a_prompt_in_a_fixed_order() -> None:
    slots = {name: Slot(name, "sure") for name in SLOTS}
    assert assemble_prompt(slots) == "subject, action, setting, style, composition, light, colour, quality"
    assert assemble_prompt({"light": slots["light"], "subject": slots["subject"]}) == "subject, light"
