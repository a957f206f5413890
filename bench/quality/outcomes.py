"""What came of one made picture."""

from collections.abc import Mapping
from dataclasses import dataclass

CLEAN = "clean"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One made picture: what it was made from and into (`made`: a code, or CLEAN), its scores, the codes it got."""

    picture: str
    made: str
    way: str
    scores: Mapping[str, float]
    found: tuple[str, ...]
