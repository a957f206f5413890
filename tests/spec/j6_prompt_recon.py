"""J6, stage 5: the prompt reconstructed, with a confidence."""

from tests.spec.cells import Row, unwritten
from tests.spec.desk import Desk

ROW = Row("J6", "ollama_prompt_recon", missing="the stage ollama_prompt_recon")


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Image, tags, caption, existing prompt fragments."""
    unwritten(desk)


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.prompt_reconstruction` (prompt and confidence).

    Optionally `prompt_history` with source `ollama_prompt_recon`.
    """
    unwritten(desk)


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media_meta`, `prompt_history`."""
    unwritten(desk)


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """Prompt missing or incomplete, or quality grade C."""
    unwritten(desk)


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """Low confidence: meta only, no prompt is written."""
    unwritten(desk)
