"""What the defects of a picture come to: score, grade and status.

The rules only ever add up: one more defect, or a worse one, never raises a score or a grade and never makes a status
milder. docs/quality-verdict.md has them as tables.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Final, Literal

from pydantic import JsonValue

from contracts.defects import Defect

RULES_VERSION: Final = "rules 1"
"""To be changed with any number below: it stands in every result."""

WEIGHTS: Final[Mapping[str, float]] = {
    "blur": 0.7,
    "motion_blur": 0.7,
    "underexposed": 0.6,
    "overexposed": 0.6,
    "low_resolution": 0.6,
    "blockiness": 0.5,
    "low_contrast": 0.4,
    "noise": 0.4,
    "artefacts": 0.5,
    "hands": 0.4,
    "watermark": 0.4,
    "cut_off": 0.3,
    "text": 0.3,
}
"""The share of the score that a defect of severity 1 takes away."""
OTHER_WEIGHT: Final = 0.5
"""Of a defect that is not listed."""
MODEL_SEVERITIES: Final[Mapping[str, float | None]] = {"slight": 0.3, "strong": 0.8, "unclear": None}
"""What the words of a model stand for."""
UNCLEAR_SEVERITY: Final = 0.2
"""What a defect costs of which nobody knows whether it is there."""
GRADE_A: Final = 0.85
GRADE_B: Final = 0.6
"""The lowest scores of these grades; below is C."""
SPOILT_FROM: Final = 0.8
"""Severity from which one measured defect spoils the picture."""
SPOILT_BELOW: Final = 0.3
"""Score below which several measured defects together do."""
REVIEW_FROM: Final = 0.6
"""Severity from which a person is to look, whoever found the defect."""

Grade = Literal["A", "B", "C"]
QualityStatus = Literal["ok", "review", "defect"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The worth of a picture: `score` is 0 (spoilt) to 1 (no defect), with three decimals."""

    score: float
    grade: Grade
    status: QualityStatus

    def to_json(self) -> dict[str, JsonValue]:
        """The fields as they stand in `ollama.quality`."""
        return {"score": self.score, "grade": self.grade, "status": self.status}


def judge(defects: Iterable[Defect], doubts: Collection[str] = ()) -> Judgement:
    """The judgement of a picture with these defects; any doubt is for a person.

    Only what was measured makes a picture a `defect`. A model's word alone makes it at most `review`.
    """
    found = tuple(defects)
    score = _score(found)
    grade: Grade = "A" if score >= GRADE_A else "B" if score >= GRADE_B else "C"
    if _is_spoilt([defect for defect in found if defect.source == "measured"]):
        return Judgement(score, grade, "defect")
    if doubts or grade == "C" or any(_wants_review(defect) for defect in found):
        return Judgement(score, grade, "review")
    return Judgement(score, grade, "ok")


def _score(defects: Iterable[Defect]) -> float:
    # In a fixed order rounding is monotone too.
    return round(prod(sorted(1 - _cost(defect) for defect in defects), start=1.0), 3)


def _cost(defect: Defect) -> float:
    severity = UNCLEAR_SEVERITY if defect.severity is None else defect.severity
    return WEIGHTS.get(defect.code, OTHER_WEIGHT) * severity


def _is_spoilt(measured: list[Defect]) -> bool:
    severe = any(defect.severity is not None and defect.severity >= SPOILT_FROM for defect in measured)
    return severe or _score(measured) < SPOILT_BELOW


def _wants_review(defect: Defect) -> bool:
    return defect.severity is None or defect.severity >= REVIEW_FROM
