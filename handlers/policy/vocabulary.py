"""The inputs that rules may look at, and for each which of its values are worse than others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from handlers.quality.verdict import WEIGHTS

Value = float | str


@dataclass(frozen=True, slots=True)
class Scale:
    """The values of an input from good to bad: `words` in that order, or else numbers of 0 to 1."""

    words: tuple[str, ...] = ()
    low_is_bad: bool = False

    def read(self, value: JsonValue) -> Value | None:
        """The value as this scale knows it; None when it is none of the scale's."""
        if self.words:
            return value if isinstance(value, str) and value in self.words else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            return None
        return round(float(value), 4)

    def badness(self, value: Value) -> float:
        """How bad a value is: the more the worse."""
        if isinstance(value, str):
            return self.words.index(value)
        return -value if self.low_is_bad else value

    def __str__(self) -> str:
        return f"one of {', '.join(self.words)}" if self.words else "a number of 0 to 1"


HIGH_IS_BAD: Final = Scale()
LOW_IS_BAD: Final = Scale(low_is_bad=True)
NSFW: Final = "nsfw"
STATUS: Final = "quality.status"
GRADE: Final = "quality.grade"
SCORE: Final = "quality.score"
WORST_DEFECT: Final = "quality.worst_defect"
DEFECT: Final = "defects."
"""With a defect's code: its severity, 0 when it is not there."""
AXIS: Final = "scores."
AXES: Final = ("aesthetic", "completeness", "compliance", "fidelity", "novelty")

SCALES: Final[Mapping[str, Scale]] = {
    NSFW: HIGH_IS_BAD,
    STATUS: Scale(words=("ok", "review", "defect")),
    GRADE: Scale(words=("A", "B", "C")),
    SCORE: LOW_IS_BAD,
    WORST_DEFECT: HIGH_IS_BAD,
    **{AXIS + axis: LOW_IS_BAD for axis in AXES},
}
DEFECTS: Final = tuple(DEFECT + code for code in WEIGHTS)
"""Of the codes we know alone: a misspelt one would never be reached, and let everything pass."""


def find_scale(name: str) -> Scale | None:
    """The scale of an input; None when there is no such input."""
    return HIGH_IS_BAD if name in DEFECTS else SCALES.get(name)
