"""J4, stage 3: quality and defects."""

from tests.spec.cells import Row, unwritten
from tests.spec.desk import Desk

ROW = Row("J4", "ollama_quality", missing="the stage ollama_quality")


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Image, caption, tags, scan flags."""
    unwritten(desk)


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.quality` (defects, hints).

    Optionally `media.quality_status` and `media.quality_score`; optionally a `media_lifecycle_events` row
    `quality_eval`.
    """
    unwritten(desk)


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media_meta`, `media`, `media_lifecycle_events`."""
    unwritten(desk)


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """`media.quality_status = 'unknown'`, or force."""
    unwritten(desk)


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """Unclear result: `quality_status = 'review'`."""
    unwritten(desk)
