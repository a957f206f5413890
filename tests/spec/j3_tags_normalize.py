"""J3, stage 2: tags, normalised and weighted."""

from tests.spec.cells import Row, unwritten
from tests.spec.desk import Desk

ROW = Row("J3", "ollama_tags_normalize", missing="the stage ollama_tags_normalize")


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Existing tags, caption or prompt text, scan flags if any."""
    unwritten(desk)


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.tags_raw`, `ollama.tags_normalized`.

    Optionally `tags` and `media_tags` (confidence, weight).
    """
    unwritten(desk)


@ROW.cell
async def tables(desk: Desk) -> None:
    """`tags`, `media_tags`, `media_meta`."""
    unwritten(desk)


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """Too few tags (count below a minimum), or high inconsistency."""
    unwritten(desk)


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """Duplicate tags: dedupe; locked tags are never changed or removed."""
    unwritten(desk)
