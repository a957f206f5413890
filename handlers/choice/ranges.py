"""Ranges of numbers as people write them: `100k..`, `..30d`, `7d..1y`. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

AMOUNT: Final = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
"""What stands behind bytes and pixels."""
AGE: Final = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0, "y": 365 * 86400.0}
"""What stands behind ages, in seconds."""
_NUMBER = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)([A-Za-z]?)")


@dataclass(frozen=True, slots=True)
class Range:
    """From `least` to `most`, both included; None: no limit on that side. `text` is how it was written."""

    least: float | None = None
    most: float | None = None
    text: str = field(default="", compare=False)

    def holds(self, number: float | None) -> bool:
        """Whether the number lies in it; what nobody knows lies in every range."""
        if number is None:
            return True
        return (self.least is None or number >= self.least) and (self.most is None or number <= self.most)

    def __str__(self) -> str:
        return self.text


def read_range(text: str, units: Mapping[str, float]) -> Range:
    """The range that a person means. Raises ValueError."""
    least, dots, most = (part.strip() for part in text.partition(".."))
    if not dots or not (least or most):
        unit = next((name for name in units if name), "")
        raise ValueError(f"is no range: it looks like 2{unit}.. (at least), ..9{unit} (at most) or 2{unit}..9{unit}")
    found = Range(_read(least, units), _read(most, units), text.strip())
    if found.least is not None and found.most is not None and found.least > found.most:
        raise ValueError(f"nothing is in {text}: the first number is the smaller one")
    return found


def _read(text: str, units: Mapping[str, float]) -> float | None:
    if not text:
        return None
    number = _NUMBER.fullmatch(text)
    if number is None or number[2] not in units:
        known = ", ".join(name for name in units if name)
        raise ValueError(f"{text} is no number with one of {known} behind it")
    return float(number[1]) * units[number[2]]
