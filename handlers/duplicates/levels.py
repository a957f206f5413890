"""Of two media, what their pixels and metadata prove: the level of the pair, and its evidence.

Evidence is what is known of the pair, nothing else: `bits`, `turn`, `covered`, `light`, `moved`, `displaced`,
`overlaid` as in `contracts.sketches.Resemblance`; `seconds` between two exposures; `exposures` (seconds) and `biases`
(stops) as two numbers, where they differ; `seed` where prompt and seed are the same. It is seen from the first medium,
mine: `turn` is how the second has to be turned to stand as the first, `light` the ratio of the second's levels to the
first's, and the first of two numbers is mine. `covered` is the same seen from both: the share of one picture, always
the same one, that the other shows, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import JsonValue

from contracts.duplicates import Level
from contracts.moments import Taken
from contracts.sketches import Resemblance, Verdict
from handlers.duplicates.turns import INVERSE

Evidence = dict[str, JsonValue]

_MOMENT: Final = timedelta(seconds=10)
"""What a burst or a bracketing may take from one exposure to another."""
_ZONE: Final = timedelta(minutes=15)
_ZONES: Final = timedelta(hours=26)
"""Clocks are set right by zones: whole quarters of an hour, from UTC-12 to UTC+14."""
_LIGHT: Final = 2.0
"""How much lighter one of two may be that are only near: skies and gradients agree in shape alone. Of other moments of
a scene 90 % are within 0.72 and 1.34 (tuning half of bench/quality)."""
_RATIO, _STOPS = 1.1, 0.1
"""What differs by more was set otherwise: cameras know steps of a third of a stop (a ratio of 1.26), editors round."""


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of one medium. `prompt`, `negative` and `seed` are embedded ones; `prompt` None if uncertain."""

    content_hash: str
    pixel_hash: str | None
    taken: Taken | None = None
    prompt: str | None = None
    negative: str = ""
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a pair is, and by what."""

    level: Level
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Gap:
    """Between two exposures of what may be one camera: time, whether that is known exactly, whether settings differ."""

    time: timedelta
    exact: bool
    set_otherwise: bool

    @property
    def is_reset(self) -> bool:
        """Whether the clock was set right on a copy: by whole zones, to the second, and nothing else differs."""
        return not self.set_otherwise and self.time <= _ZONES and not self.time % _ZONE

    def is_moment(self, verdict: Verdict) -> bool:
        """Whether both are exposures of a burst or a bracketing."""
        if self.time:
            return self.time <= _MOMENT
        return self.set_otherwise or (not self.exact and verdict is Verdict.NEAR)


def judge(mine: Side, theirs: Side, found: Resemblance | None) -> Finding | None:
    """What two media have in common; `found` is what their sketches say, mine first. None when it is nothing.

    The level is the same the other way round, the evidence is `reverse` of this one.
    """
    gap = _find_gap(mine.taken, theirs.taken)
    drawn_alike = _are_drawn_alike(mine, theirs)
    level = _find_level(mine, theirs, found, gap, drawn_alike=drawn_alike)
    if level is None:
        return None
    evidence: Evidence = _tell(found) | _tell_gap(mine.taken, theirs.taken, gap)
    return Finding(level, evidence | {"seed": mine.seed} if drawn_alike else evidence)


def reverse(evidence: Mapping[str, JsonValue]) -> Evidence:
    """The evidence seen from the other medium of the pair."""
    reversed_ = dict(evidence)
    for name, value in evidence.items():
        match name, value:
            case "turn", str():
                reversed_[name] = INVERSE[value]
            case "light", int() | float():
                reversed_[name] = round(1 / value, 4)
            case "exposures" | "biases", [one, other]:
                reversed_[name] = [other, one]
    return reversed_


def _find_level(
    mine: Side, theirs: Side, found: Resemblance | None, gap: _Gap | None, *, drawn_alike: bool
) -> Level | None:
    verdict = Verdict.UNRELATED if found is None else found.verdict
    if mine.content_hash == theirs.content_hash:
        return Level.SAME_BYTES
    if mine.pixel_hash is not None and mine.pixel_hash == theirs.pixel_hash:
        return Level.SAME_PIXELS
    if drawn_alike and verdict is not Verdict.SAME:
        return Level.SAME_PROMPT
    if verdict is Verdict.UNRELATED:
        return None
    if gap is not None and gap.is_moment(verdict):
        return Level.SAME_MOMENT
    if verdict is Verdict.NEAR and _is_lit_otherwise(found):
        return None
    is_another = gap is not None and gap.time > _MOMENT and not gap.is_reset
    return Level.SAME_PICTURE if verdict is Verdict.SAME and not is_another else Level.NEAR


def _is_lit_otherwise(found: Resemblance | None) -> bool:
    light = 1.0 if found is None or not found.light else found.light
    return max(light, 1 / light) > _LIGHT


def _are_drawn_alike(mine: Side, theirs: Side) -> bool:
    if mine.prompt is None or theirs.prompt is None or not mine.prompt.strip():
        return False
    words = (mine.prompt.strip(), mine.negative.strip()) == (theirs.prompt.strip(), theirs.negative.strip())
    return words and mine.seed is not None and mine.seed == theirs.seed


def _find_gap(mine: Taken | None, theirs: Taken | None) -> _Gap | None:
    """None when there are not two times of one clock: another camera's says nothing."""
    if mine is None or theirs is None:
        return None
    if mine.camera and theirs.camera and mine.camera.casefold() != theirs.camera.casefold():
        return None
    exact = mine.exact and theirs.exact
    one, other = (taken.at if exact else taken.at.replace(microsecond=0) for taken in (mine, theirs))
    return _Gap(abs(one - other), exact, _were_exposed_otherwise(mine, theirs) or _were_biased(mine, theirs))


def _were_exposed_otherwise(mine: Taken, theirs: Taken) -> bool:
    if not mine.exposure or not theirs.exposure:
        return False
    return max(mine.exposure, theirs.exposure) > _RATIO * min(mine.exposure, theirs.exposure)


def _were_biased(mine: Taken, theirs: Taken) -> bool:
    return mine.bias is not None and theirs.bias is not None and abs(mine.bias - theirs.bias) > _STOPS


def _tell(found: Resemblance | None) -> Evidence:
    if found is None:
        return {}
    told: Evidence = {
        "bits": found.bits,
        "turn": found.turn,
        "covered": found.covered,
        "light": found.light,
        "moved": found.moved,
        "displaced": found.displaced,
        "overlaid": found.overlaid,
    }
    return {name: value for name, value in told.items() if value is not None}


def _tell_gap(mine: Taken | None, theirs: Taken | None, gap: _Gap | None) -> Evidence:
    if mine is None or theirs is None or gap is None:
        return {}
    told: Evidence = {"seconds": gap.time.total_seconds()}
    if _were_exposed_otherwise(mine, theirs):
        told["exposures"] = [mine.exposure, theirs.exposure]
    if _were_biased(mine, theirs):
        told["biases"] = [mine.bias, theirs.bias]
    return told
