"""What keeps a picture from being shown: limits that facts set, whatever a model says."""

from collections.abc import Iterator

from pydantic import JsonValue

from contracts.facts import MediaFacts
from handlers.policy.inputs import QUALITY, foreign_status, read_result
from handlers.policy.scan_flags import read_scan_flags
from handlers.scores.anchors import ANCHORS
from handlers.scores.score import DIGITS, Computed

SEVERE = 0.5
"""Severity from which on a defect is plain to see."""
SMALL_SIDE, TINY_SIDE = 320, 128
"""Pixels of the shorter side: below the first it is a preview, below the second a thumbnail (ours)."""
_POOR, _FAIR, _GOOD = ANCHORS["poor"], ANCHORS["fair"], ANCHORS["good"]
_STATUS = {"review": _FAIR, "defect": _POOR}
_DEFECTS = {"watermark": (_POOR, _FAIR), "text": (_FAIR, _GOOD)}
"""The limits of a severe and of a slight or unclear one: a watermark tells of an owner, garbled text of a generator."""
_UNREADABLE = _FAIR

Limit = tuple[str, JsonValue, float]
"""What sets a limit, the value it looked at, and the limit."""


def compute_compliance(facts: MediaFacts) -> Computed:
    """At most the lowest of all limits; no limit at all when nothing speaks against the picture."""
    limits = [*_quality(facts), *_file(facts), *_nudity(facts)]
    told: list[JsonValue] = [{"rule": rule, "value": value, "limit": limit} for rule, value, limit in limits]
    return Computed(min((limit for _, _, limit in limits), default=None), {"limits": told})


def _quality(facts: MediaFacts) -> Iterator[Limit]:
    result = read_result(facts, QUALITY)
    quality = result if isinstance(result, dict) else {}
    for status in (quality.get("status"), foreign_status(facts)):
        if isinstance(status, str) and status in _STATUS:
            yield "quality_status", status, _STATUS[status]
    defects = quality.get("defects")
    for defect in defects if isinstance(defects, list) else ():
        if isinstance(defect, dict) and isinstance(code := defect.get("code"), str) and code in _DEFECTS:
            severe, slight = _DEFECTS[code]
            severity = defect.get("severity")
            is_severe = isinstance(severity, int | float) and severity >= SEVERE
            if severity != 0:
                yield f"defect_{code}", severity, severe if is_severe else slight


def _file(facts: MediaFacts) -> Iterator[Limit]:
    picture = facts.picture
    if picture is None:
        return
    if picture.width and picture.height and (side := min(picture.width, picture.height)) < SMALL_SIDE:
        yield "shorter_side", side, _POOR if side < TINY_SIDE else _FAIR
    if picture.format == "GIF":
        yield "format", "GIF", _GOOD


def _nudity(facts: MediaFacts) -> Iterator[Limit]:
    said = read_scan_flags(facts.meta)
    if facts.picture is not None and facts.picture.nsfw is not None:
        said.append(("detector", facts.picture.nsfw))
    for place, score in said:
        if score is None:
            yield "scan_unreadable", place, _UNREADABLE
        elif score > 0:
            yield place, round(score, DIGITS), round(1 - score, DIGITS)
