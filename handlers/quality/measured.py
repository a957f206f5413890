"""Defects that pixels show by themselves.

A figure becomes a defect from its limit on. The limits were set on the tuning half of `bench/quality`; docs/quality.md
says how they do on the other half.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contracts.defects import Defect
from contracts.measures import Measures

VIEW = 1600
"""Pixels on the long side of the view in which blur and noise must be seen; larger pictures are reduced to it."""

SMALL = 225
"""Pixels on the long side that a picture has to show."""

FEWEST_EDGES = 10
"""Tiles with an edge below which motion is not judged: few edges may all lie the same way."""

_ROUND = 1.3
"""Times that edges may be softer in one direction and the blur still pass for one that is the same in all of them."""

_ONE_PIXEL_EDGE = 0.4
"""The largest step of an edge blurred by a Gaussian of one pixel, 1 / sqrt(2 pi)."""

_SOFT, _SHARP = 0.4, 0.5
"""Sharpness up to which a picture shows this share of its pixels, and from which it shows all of them. Of 17 pictures
enlarged two to six times all were below, of 17 clean ones all above."""


@dataclass(frozen=True, slots=True)
class Limit:
    """From `found` on a score is a defect, of severity 0; from `spoilt` on of severity 1."""

    found: float
    spoilt: float
    evidence: str

    def severity(self, score: float) -> float:
        """From 0 to 1, and never less for a larger score."""
        return round(min(1.0, max(0.0, (score - self.found) / (self.spoilt - self.found))), 3)


LIMITS: Mapping[str, Limit] = {
    "underexposed": Limit(100, 215, "{:.0f} more levels unused at the bright than at the dark end"),
    "overexposed": Limit(0.53, 0.9, "{:.2f} of what is bright is cut off at white"),
    "low_contrast": Limit(190, 245, "{:.0f} of 255 levels unused"),
    "noise": Limit(4.4, 25, "{:.1f} levels of noise in flat places"),
    "motion_blur": Limit(0.5, 4, "edges {:.1f} px wider in one direction than a round blur makes them"),
    "blur": Limit(1.4, 5, "edges blurred by {:.1f} px where they are sharpest"),
    "blockiness": Limit(0.43, 1.5, "steps larger by {:.0%} on a grid of 8 px"),
    "low_resolution": Limit(1.12, 3, "shows the detail of {shown:.0f} px on the long side"),
}
"""By code, in the order of the tests. The first number of each is chosen so that nine of ten pictures of the weakest
strength are found in the tuning half; of the middle strength for over-exposure, contrast and motion, whose weakest one
clean pictures reach. Clean ones reach 68, 0.51 (one: 0.54), 177, 1.1, 0.37 (one: 0.92), 0.92, 0.35 and 0.96 there.
"""


def find_defects(measures: Measures, width: int, height: int) -> tuple[Defect, ...]:
    """What is wrong with a picture of this size (pixels), in the order of the tests.

    Light is tested first: a picture that is too dark or too bright has little contrast for that reason. Noise hides how
    sharp a picture is, so a noisy one is not called blurred; a stroke in one direction is not called blur as well.
    """
    scored = scores(measures, width, height)
    return tuple(
        Defect(code, LIMITS[code].severity(scored[code]), "whole", _say(code, scored[code]), "measured")
        for code in _decide(scored)
    )


def _say(code: str, score: float) -> str:
    """The evidence; a picture's resolution in the pixels that it comes to."""
    return LIMITS[code].evidence.format(score, shown=SMALL / score)


def scores(measures: Measures, width: int, height: int) -> dict[str, float]:
    """By code, how much of each defect the figures show: the larger the worse. Units as in the evidence of LIMITS."""
    view = min(1.0, VIEW / max(width, height))
    stroke = 0.0
    if measures.edges >= FEWEST_EDGES:
        stroke = max(0.0, _width(measures.sharpness_across) - _ROUND * _width(measures.sharpness))
    return {
        "underexposed": 255.0 - measures.brightest - measures.darkest,
        "overexposed": measures.white / (measures.white + measures.near_white + 0.01),
        "low_contrast": 255.0 - max(measures.brightest - measures.darkest, measures.local_contrast or 0),
        "noise": (measures.noise or 0.0) * view,
        "motion_blur": stroke * view,
        "blur": _width(measures.sharpness) * view,
        "blockiness": measures.blockiness or 0.0,
        "low_resolution": SMALL / max(1.0, max(width, height) * _resolved(measures.sharpness)),
    }


def _decide(scored: Mapping[str, float]) -> Iterator[str]:
    found = {code for code, limit in LIMITS.items() if scored[code] >= limit.found}
    hidden: set[str] = set()
    if found & {"underexposed", "overexposed"}:
        hidden |= {"low_contrast"}
    if "noise" in found:
        hidden |= {"blur", "motion_blur"}
    if "motion_blur" in found:
        hidden |= {"blur"}
    return (code for code in LIMITS if code in found - hidden)


def _width(sharpness: float | None) -> float:
    """Pixels by which an edge of this sharpness is blurred, 0 when there is no edge to see."""
    return _ONE_PIXEL_EDGE / max(sharpness, 0.01) if sharpness is not None else 0.0


def _resolved(sharpness: float | None) -> float:
    """The share of a side's pixels that a picture of this sharpness shows: less when it was enlarged, or is blurred."""
    if sharpness is None or sharpness >= _SHARP:
        return 1.0
    if sharpness <= _SOFT:
        return sharpness
    return _SOFT + (sharpness - _SOFT) / (_SHARP - _SOFT) * (1 - _SOFT)
