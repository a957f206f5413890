"""Dead letters in lines for a person and as JSON; whatever a stranger sent is made harmless by whoever prints it."""

from collections.abc import Iterator
from typing import Any

from bildwerk.reasons import LETTERS
from consumers.letter_retry import Tally, is_whole
from db.letter_box import Group, Kept


def say_letter(reason: str) -> str:
    """The sentence of a dead letter's reason; an unknown one speaks for itself."""
    return LETTERS.get(reason, reason.replace("_", " "))


def name_place(kept: Kept) -> str:
    """`topic/partition/offset`."""
    origin = kept.letter.origin
    return f"{origin.topic}/{origin.partition}/{origin.offset}"


def tell_group(group: Group) -> dict[str, Any]:
    """For programs."""
    return {
        "reason": group.reason, "number": group.number, "first_at": group.first_at, "last_at": group.last_at,
    }  # fmt: skip


def tell_letter(kept: Kept, *, value: bool = False) -> dict[str, Any]:
    """For programs; bytes in base64, the value only when it is asked for."""
    told = kept.letter.to_json()
    if not value:
        del told["value"]
    return {"id": kept.id, "buried_at": kept.buried_at, **told}


def describe_retry(tally: Tally, *, dry: bool) -> Iterator[str]:
    """What became of letters, or would."""
    would = "would be " if dry else ""
    yield f"{tally.planned + tally.passed} dead letters {would}taken out: {tally.planned} {would}planned" + (
        f", {tally.passed} are none of ours" * bool(tally.passed)
    )
    for reason, number in sorted(tally.undecodable.items()):
        yield f"{number} stay: {say_letter(reason)} ({reason})"
    if tally.unplannable:
        yield f"{tally.unplannable} stay: {say_letter('unplannable')} (unplannable)"
    if tally.gone:
        yield f"{tally.gone} stay: not all of them was kept, and they are no longer on their topics"
    if tally.ours:
        yield f"{tally.ours} stay: they were on no topic that is read here"


def describe_completeness(kept: Kept) -> str:
    """Whether a letter can be tried again as it is kept."""
    origin = kept.letter.origin
    if is_whole(kept):
        return f"{origin.value_length} bytes, all of them kept"
    return f"{origin.value_length} bytes, {len(origin.value or b'')} of them kept: a retry reads its topic again"
