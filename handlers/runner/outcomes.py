"""What planning came to, as counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from db.facts import Known
from db.ledger import Draft


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning a batch came to, as counts of media; `given_up` are ids that never appeared on the platform."""

    media: int = 0
    changed: int = 0
    due: int = 0
    uninspected: int = 0
    missing: int = 0
    errors: int = 0
    given_up: tuple[int, ...] = ()


class Outcome(NamedTuple):
    """What planning one medium came to, with what is needed to count it."""

    exists: bool
    known: Known
    draft: Draft


def count_outcomes(outcomes: Sequence[Outcome]) -> Planned:
    """What became, or would become, of media."""
    return Planned(
        media=len(outcomes),
        changed=sum(bool(o.draft.verdicts) for o in outcomes),
        due=sum(bool(o.draft.row.due) for o in outcomes),
        uninspected=sum(o.draft.row.inspect_at is not None for o in outcomes),
        missing=sum(not o.exists and not o.draft.row.seen for o in outcomes),
        errors=sum(o.draft.row.plan_error is not None for o in outcomes),
        given_up=tuple(o.draft.media_id for o in outcomes if o.known.look_at is not None and _gave_up(o)),
    )


def _gave_up(outcome: Outcome) -> bool:
    row = outcome.draft.row
    return not outcome.exists and not row.seen and row.look_at is None
