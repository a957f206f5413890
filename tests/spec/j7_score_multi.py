"""J7, stage 6: scores on several axes."""

from tests.spec.cells import Row, unwritten
from tests.spec.desk import Desk

ROW = Row("J7", "ollama_score_multi", missing="the stage ollama_score_multi")


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Image, and caption, tags, prompt."""
    unwritten(desk)


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.scores` with fidelity, aesthetic, novelty, compliance, completeness."""
    unwritten(desk)


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media_meta`."""
    unwritten(desk)


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """A quality analysis exists, or the medium is in a score batch."""
    unwritten(desk)


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """Schema validation fails: job error."""
    unwritten(desk)
