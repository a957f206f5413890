"""What the rules look at, read from the facts: every input with what each of its sources says."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from contracts.facts import QUALITY_STATUS, MediaFacts, Standing
from handlers.policy.scan_flags import read_scan_flags
from handlers.policy.vocabulary import (
    AXIS,
    DEFECT,
    GRADE,
    HIGH_IS_BAD,
    LOW_IS_BAD,
    NSFW,
    SCALES,
    SCORE,
    STATUS,
    WORST_DEFECT,
    Scale,
    Value,
)

QUALITY: Final = "ollama.quality"
SCORES: Final = "ollama.scores"
DETECTOR: Final = "detector"


@dataclass(frozen=True, slots=True)
class Reading:
    """One input: the value each source gives, of which the worst counts.

    No source at all: the input is missing. `unreadable` names the sources that say something we do not understand.
    """

    sources: Mapping[str, Value] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()


Inputs = Mapping[str, Reading]
Object = Mapping[str, JsonValue]


def read_inputs(facts: MediaFacts, names: Iterable[str]) -> Inputs:
    """The named inputs. Results of other pixels count as missing."""
    quality, scores = read_result(facts, QUALITY), read_result(facts, SCORES)
    readers: Mapping[str, Callable[[], Reading]] = {
        NSFW: lambda: read_nsfw(facts),
        STATUS: lambda: _read_status(facts, quality),
        GRADE: lambda: _read_field(quality, QUALITY, "grade", SCALES[GRADE]),
        SCORE: lambda: _read_field(quality, QUALITY, "score", SCALES[SCORE]),
        WORST_DEFECT: lambda: _read_defects(quality, None),
    }
    read = {}
    for name in names:
        if name in readers:
            read[name] = readers[name]()
        elif name.startswith(DEFECT):
            read[name] = _read_defects(quality, name.removeprefix(DEFECT))
        else:
            read[name] = _read_axis(scores, name.removeprefix(AXIS))
    return read


def foreign_status(facts: MediaFacts) -> str | None:
    """`media.quality_status` as far as somebody else than we set it; unknown says nothing."""
    status, written = facts.quality_status, facts.written.get(QUALITY_STATUS)
    if status in (None, "", "unknown"):
        return None
    ours = written is not None and written.value == status and not facts.is_locked(QUALITY_STATUS)
    return None if ours else status


def read_result(facts: MediaFacts, key: str) -> JsonValue:
    """An upstream's result about the present pixels; None when there is none."""
    return facts.meta.get(key) if facts.standing(key) in (Standing.OURS, Standing.KEPT) else None


def _read_field(result: JsonValue, origin: str, name: str, scale: Scale) -> Reading:
    """One field of a result; a result that is no object is unreadable, one without the field says nothing."""
    if result is None:
        return Reading()
    if not isinstance(result, dict):
        return Reading(unreadable=(origin,))
    value = result.get(name)
    if value is None:
        return Reading()
    known = scale.read(value)
    return Reading({origin: known}) if known is not None else Reading(unreadable=(f"{origin}.{name}",))


def _read_axis(scores: JsonValue, axis: str) -> Reading:
    if not isinstance(scores, dict):
        return Reading(unreadable=() if scores is None else (SCORES,))
    return _read_field(scores.get(axis), f"{SCORES}.{axis}", "score", LOW_IS_BAD)


def read_nsfw(facts: MediaFacts) -> Reading:
    """What scan flags and our detector say about nudity, each source's worst."""
    said = read_scan_flags(facts.meta)
    sources: dict[str, Value] = {}
    for place, score in said:
        if score is not None:
            sources[place] = max(round(score, 4), float(sources.get(place, 0.0)))
    if facts.picture is not None and facts.picture.nsfw is not None:
        detected = HIGH_IS_BAD.read(facts.picture.nsfw)
        said.append((DETECTOR, None if detected is None else float(detected)))
        if detected is not None:
            sources[DETECTOR] = detected
    return Reading(sources, tuple(dict.fromkeys(place for place, score in said if score is None)))


def _read_status(facts: MediaFacts, quality: JsonValue) -> Reading:
    """Our status, a person's or the platform's; a grade C speaks against an `ok` of ours."""
    ours = _read_field(quality, QUALITY, "status", SCALES[STATUS])
    sources, unreadable = dict(ours.sources), list(ours.unreadable)
    theirs = foreign_status(facts)
    if theirs is not None:
        known = SCALES[STATUS].read(theirs)
        if known is None:
            unreadable.append(QUALITY_STATUS)
        else:
            sources[QUALITY_STATUS] = known
    grade = _read_field(quality, QUALITY, "grade", SCALES[GRADE]).sources.get(QUALITY)
    # A good grade speaks for no status: a good picture may well need a review.
    if grade == "C" and ours.sources.get(QUALITY, "ok") == "ok":
        sources[f"{QUALITY}.grade"] = "review"
    return Reading(sources, tuple(unreadable))


def _read_defects(quality: JsonValue, code: str | None) -> Reading:
    """The worst severity of the defects with this code, or of all; one that is not listed has none."""
    if not isinstance(quality, dict):
        return Reading(unreadable=() if quality is None else (QUALITY,))
    place, defects = f"{QUALITY}.defects", quality.get("defects")
    if not isinstance(defects, list):
        return Reading(unreadable=() if defects is None else (place,))
    severities, doubt = [0.0], False
    for defect in defects:
        if not isinstance(defect, dict):
            doubt = True
        elif code is None or defect.get("code") == code:
            severity = HIGH_IS_BAD.read(defect.get("severity"))
            doubt = doubt or severity is None
            severities.append(0.0 if severity is None else float(severity))
    return Reading({place: max(severities)}, (place,) if doubt else ())
