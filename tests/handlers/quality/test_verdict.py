"""What defects come to: few rules, none of which ever makes a worse picture look better."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.defects import Defect
from handlers.quality import verdict
from handlers.quality.hints import HINTS, NOT_MEASURED, ORDERS, UNCLEAR, list_hints
from handlers.quality.verdict import (
    GRADE_A,
    GRADE_B,
    MODEL_SEVERITIES,
    REVIEW_FROM,
    RULES_VERSION,
    SPOILT_BELOW,
    SPOILT_FROM,
    UNCLEAR_SEVERITY,
    WEIGHTS,
    Judgement,
    judge,
)

PAGE = Path(__file__).parents[3] / "docs" / "quality-verdict.md"
STATUSES = ("ok", "review", "defect")
codes = st.sampled_from([*WEIGHTS, "unheard_of"])
severities = st.floats(0, 1)
defects = st.builds(
    Defect, codes, severities | st.none(), st.just("whole"), st.just("e"), st.sampled_from(["measured", "model"])
)
lists_of_defects = st.lists(defects, max_size=6)
doubts = st.sets(st.sampled_from([NOT_MEASURED, ORDERS]))


def measured(code: str, severity: float) -> Defect:
    return Defect(code, severity, "whole", "12 of 100", "measured")


def seen(code: str, word: str) -> Defect:
    return Defect(code, MODEL_SEVERITIES[word], "left", "six fingers", "model")


def not_better(after: Judgement, before: Judgement) -> bool:
    return (
        after.score <= before.score
        and after.grade >= before.grade
        and STATUSES.index(after.status) >= STATUSES.index(before.status)
    )


@given(found=lists_of_defects, more=defects, doubts=doubts, at=st.integers(0, 6))
def test_one_more_defect_never_helps(found: list[Defect], more: Defect, doubts: set[str], at: int) -> None:
    assert not_better(judge([*found[:at], more, *found[at:]], doubts), judge(found, doubts))


@given(found=lists_of_defects, code=codes, severity=severities, worse=severities, source=st.booleans())
def test_a_worse_defect_never_helps(
    found: list[Defect], code: str, severity: float, worse: float, source: bool
) -> None:
    less = Defect(code, min(severity, worse), "whole", "e", "measured" if source else "model")
    assert not_better(judge([*found, replace(less, severity=max(severity, worse))]), judge([*found, less]))


@given(found=lists_of_defects, doubts=doubts)
def test_a_doubt_never_helps(found: list[Defect], doubts: set[str]) -> None:
    assert not_better(judge(found, doubts), judge(found))


@given(found=lists_of_defects, doubts=doubts)
def test_a_models_word_alone_never_condemns(found: list[Defect], doubts: set[str]) -> None:
    assert judge([replace(defect, source="model") for defect in found], doubts).status != "defect"


@given(found=lists_of_defects)
def test_nothing_unclear_passes_without_a_look(found: list[Defect]) -> None:
    if any(defect.severity is None for defect in found):
        assert judge(found).status != "ok"


@given(found=lists_of_defects, doubts=doubts)
def test_score_grade_and_status_say_the_same(found: list[Defect], doubts: set[str]) -> None:
    judged = judge(found, doubts)
    assert 0 <= judged.score <= 1
    assert judged.grade == ("A" if judged.score >= GRADE_A else "B" if judged.score >= GRADE_B else "C")
    assert judged.grade != "C" or judged.status != "ok"
    assert judged == judge(found[::-1], doubts)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], Judgement(1.0, "A", "ok")),
        ([measured("noise", 0.0)], Judgement(1.0, "A", "ok")),
        ([measured("blur", 0.2)], Judgement(0.86, "A", "ok")),
        ([measured("blur", 0.5)], Judgement(0.65, "B", "ok")),
        ([measured("noise", 0.6)], Judgement(0.76, "B", "review")),
        ([measured("blur", 0.4), measured("noise", 0.5)], Judgement(0.576, "C", "review")),
        ([measured("blur", 0.6)], Judgement(0.58, "C", "review")),
        ([measured("blur", 0.8)], Judgement(0.44, "C", "defect")),
        ([measured("low_contrast", 0.8)], Judgement(0.68, "B", "defect")),
        (
            [measured("blur", 0.7), measured("underexposed", 0.7), measured("blockiness", 0.7)],
            Judgement(0.192, "C", "defect"),
        ),
        ([measured("unheard_of", 0.5)], Judgement(0.75, "B", "ok")),
        ([seen("hands", "slight")], Judgement(0.88, "A", "ok")),
        ([seen("artefacts", "slight")], Judgement(0.85, "A", "ok")),
        ([seen("hands", "strong")], Judgement(0.68, "B", "review")),
        ([seen("hands", "unclear")], Judgement(0.92, "A", "review")),
        ([seen(code, "strong") for code in ("artefacts", "hands", "watermark")], Judgement(0.277, "C", "review")),
        # The model's defects add to the score, but are not what makes a picture a defect.
        (
            [measured("blur", 0.5), seen("artefacts", "strong"), seen("hands", "strong")],
            Judgement(0.265, "C", "review"),
        ),
    ],
)
def test_the_rules(found: list[Defect], expected: Judgement) -> None:
    assert judge(found) == expected


def test_a_doubt_is_for_a_person() -> None:
    assert judge([], [NOT_MEASURED]) == Judgement(1.0, "A", "review")


def test_every_defect_has_a_hint_in_every_language() -> None:
    assert HINTS.keys() == UNCLEAR.keys()
    for sentences in HINTS.values():
        assert sentences.keys() == WEIGHTS.keys() | {NOT_MEASURED, ORDERS}


@pytest.mark.parametrize(("language", "start"), [("en", "There is a wat"), ("de-AT", "Das Bild"), ("fr", "There is")])
def test_hints_are_in_the_language_of_the_library(language: str, start: str) -> None:
    (hint,) = list_hints([seen("watermark", "strong")], [], language)
    assert hint.startswith(start)


def test_hints_come_in_the_order_of_what_they_are_about_and_once() -> None:
    found = [measured("blur", 0.5), seen("hands", "unclear"), measured("blur", 0.6), seen("unheard_of", "slight")]
    hints = list_hints([replace(defect) for defect in found], [ORDERS], "de")
    assert hints == [HINTS["de"]["blur"], f"Unklar, bitte ansehen: {HINTS['de']['hands']}", HINTS["de"][ORDERS]]


def _rows(heading: str) -> dict[str, str]:
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return {name.strip("`* "): value for name, value in re.findall(r"^\| (.+?) \| (.+?) \|", section, re.MULTILINE)}


def test_the_page_tells_the_numbers_of_the_rules() -> None:
    assert RULES_VERSION in PAGE.read_text()
    weights = {name: float(value) for name, value in _rows("Score").items() if value[0].isdigit()}
    assert weights == {**WEIGHTS, "any other": verdict.OTHER_WEIGHT}
    words = {name: value for name, value in _rows("What the words of a model stand for").items() if name != "word"}
    words.pop("---")
    told = {name: None if value.startswith("none") else float(value) for name, value in words.items()}
    assert told == dict(MODEL_SEVERITIES)
    text = PAGE.read_text()
    for sentence in (
        f"A from {GRADE_A}, B from {GRADE_B}",
        f"severity {SPOILT_FROM} or more",
        f"below {SPOILT_BELOW}",
        f"severity {REVIEW_FROM} or more",
        f"as {UNCLEAR_SEVERITY}",
    ):
        assert sentence in text
