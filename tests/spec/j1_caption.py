"""J1, stage 1: a caption and a description."""

from datetime import datetime

from handlers.runner.finishing import Finisher
from handlers.runner.writing import EffectWriter
from tests.spec.cells import Row
from tests.spec.desk import Desk, is_rendition
from tests.spec.promises import fails_at_once_on_invalid_json, needs_no_more_than, tries_again_after_a_time_out

JOB = "ollama_caption"
ROW = Row("J1", JOB)
TEXTS = {"ollama.caption", "ollama.description"}
PROVENANCE = {"ollama.model", "ollama.last_run_at"}


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Image (base64), media metadata, existing prompt if any."""
    with desk.overhear() as heard:
        columns = {"mime_type": "image/png", "width": 640, "height": 480}
        known, bare = await desk.add("teal", columns, prompt="a lake in the Alps"), await desk.add("orange")
        await desk.work()
    asked = {request.media_id: request for request in heard}

    assert is_rendition(asked[known].picture, "teal")
    assert is_rendition(asked[bare].picture, "orange")
    assert "image/png, 640 x 480 pixels" in asked[known].text
    assert "a lake in the Alps" in asked[known].text
    assert "prompt" not in asked[bare].text


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.caption`, `ollama.description`; optionally `ollama.model`, `ollama.last_run_at`."""
    media_id = await desk.add()
    await desk.work()
    said = await desk.said(JOB)
    ours = await desk.ours(media_id)

    assert set(ours) == TEXTS | PROVENANCE
    assert {f"ollama.{name}": text for name, text in said.items()} == {key: ours[key] for key in TEXTS}
    assert ours["ollama.model"] == "bildwerk-simulated"
    assert datetime.fromisoformat(ours["ollama.last_run_at"]).tzinfo

    desk.settle_with(Finisher(desk.workshop.ledger.planner, writer=EffectWriter(frozenset())))
    other = await desk.add("orange")
    await desk.work()
    assert set(await desk.ours(other)) == TEXTS


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media_meta` only, no schema change."""
    await needs_no_more_than(desk, JOB, {"media": "SELECT", "media_meta": "SELECT, INSERT, UPDATE"})


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """No caption or no description present (only what is missing is written), or force."""
    nothing = await desk.add("teal")
    captioned = await desk.add("orange", caption="Theirs.")
    described = await desk.add("navy", description="Theirs.")
    both = await desk.add("olive", caption="Theirs.", description="Theirs.")
    await desk.work()

    assert set(await desk.ours(nothing)) - PROVENANCE == TEXTS
    assert set(await desk.ours(captioned)) - PROVENANCE == {"ollama.description"}
    assert set(await desk.ours(described)) - PROVENANCE == {"ollama.caption"}
    assert await desk.ours(both) == {}
    assert await desk.calls(both, JOB) == 0

    await desk.plan(nothing)
    await desk.work()
    assert await desk.calls(nothing, JOB) == 1
    await desk.plan(nothing, force="once more")
    await desk.work()
    assert await desk.calls(nothing, JOB) == 2


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """Time-out: retry with back-off. Invalid JSON: job error, nothing persisted."""
    await tries_again_after_a_time_out(desk, JOB)
    await fails_at_once_on_invalid_json(desk, JOB)
