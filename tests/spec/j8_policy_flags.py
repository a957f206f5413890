"""J8, stage 7: policy flags."""

from tests.spec.cells import Row, unwritten
from tests.spec.desk import Desk

ROW = Row("J8", "ollama_policy_flags", missing="the stage ollama_policy_flags")


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Quality result, score result, NSFW flags."""
    unwritten(desk)


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.policy_flags` (publishable, needs_review, blocked_reason).

    Optionally `media.quality_status` and a lifecycle event.
    """
    unwritten(desk)


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media_meta`, `media`, `media_lifecycle_events`."""
    unwritten(desk)


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """A policy decision is needed (for instance publication staging)."""
    unwritten(desk)


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """Conflicts: `needs_review = true`."""
    unwritten(desk)
