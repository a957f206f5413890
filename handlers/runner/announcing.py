"""What a completion tells of a job that became terminal."""

from collections.abc import Mapping

from pydantic import JsonValue

from contracts.events import StageCompleted
from contracts.verdicts import Verdict

Details = Mapping[str, Mapping[str, JsonValue]]
"""By job type what completions tell beyond their verdict: run, model, tokens."""


def announce(media_id: int, name: str, verdict: Verdict, plan_no: int, details: Details) -> dict[str, JsonValue]:
    """The body of the event, `name` being the job type."""
    event = StageCompleted(
        media_id=media_id,
        job_type=name,
        outcome=verdict.status.outcome,
        reason=verdict.reason,
        generation=verdict.generation,
        plan_no=plan_no,
    )
    told = event.model_copy(update=dict(details.get(name, {})))
    return told.model_dump(mode="json", exclude_none=True)
