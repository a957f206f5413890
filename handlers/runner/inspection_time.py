"""When the inspector is to look at a medium's file: decided purely."""

from datetime import datetime

from contracts.facts import MediaFacts
from db.facts import Snapshot


def time_inspection(snapshot: Snapshot, *, wanted: bool, named: bool, detects: bool) -> datetime | None:
    """When to look: at a new mark, for the detector, again at a missing file that an event named; None: not at all.

    `wanted`: there is a job that may be done to the medium.
    """
    facts, known = snapshot.facts, snapshot.known
    if not facts.exists or not wanted:
        return None
    if not facts.inspected or (named and _is_missing(facts)) or (detects and _is_undetected(facts)):
        return known.inspect_at or snapshot.now
    return known.inspect_at if known.inspect_at and _is_missing(facts) else None


def _is_undetected(facts: MediaFacts) -> bool:
    return facts.picture is not None and facts.picture.unreadable is None and not facts.picture.nsfw_tried


def _is_missing(facts: MediaFacts) -> bool:
    return facts.content_hash is None and facts.unreadable is not None
