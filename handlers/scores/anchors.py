"""The named levels a model chooses from, and the numbers that stand for them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Level = Literal["bad", "poor", "fair", "good", "excellent"]

ANCHORS: Final[Mapping[Level, float]] = MappingProxyType(
    {"bad": 0.0, "poor": 0.25, "fair": 0.5, "good": 0.75, "excellent": 1.0}
)
"""Five steps of equal size from 0 to 1, worst first (ours): models keep words apart better than numbers."""
