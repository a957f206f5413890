"""J5, stage 4: help with duplicates."""

from tests.spec.cells import Row, unwritten
from tests.spec.desk import Desk

ROW = Row("J5", "ollama_duplicate_assist", missing="the stage ollama_duplicate_assist")


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Image, hash and pHash when present, similar media (hash matches)."""
    unwritten(desk)


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.duplicate_assist` (similarity clusters, hints)."""
    unwritten(desk)


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media`, `media_meta`."""
    unwritten(desk)


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """Only when duplicate candidates exist."""
    unwritten(desk)


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """No candidates: no-op."""
    unwritten(desk)
