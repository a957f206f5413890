"""J2, stage 1: a title."""

from typing import Any

from handlers.runner.finishing import Finisher
from handlers.runner.writing import EffectWriter
from tests.spec.cells import Row
from tests.spec.desk import Desk, is_rendition
from tests.spec.promises import fails_at_once_on_invalid_json, needs_no_more_than, tries_again_after_a_time_out

JOB, CAPTION = "ollama_title", "ollama_caption"
ROW = Row("J2", JOB)
CAPTIONED: dict[str, Any] = {"caption": "Theirs.", "description": "Theirs."}
PROVENANCE = {"ollama.model", "ollama.last_run_at"}


@ROW.cell
async def inputs(desk: Desk) -> None:
    """As J1, and the caption when there is one."""
    with desk.overhear() as heard:
        columns = {"mime_type": "image/png", "width": 640, "height": 480}
        ours = await desk.add("teal", columns, prompt="a lake in the Alps")
        theirs = await desk.add("orange", **CAPTIONED)
        await desk.workshop.fail("broken_json", match={"job": CAPTION}, skip=1)
        await desk.work()
        none = await desk.add("navy")
        await desk.work()
    asked = {request.media_id: request for request in heard if request.job_type == JOB}

    assert is_rendition(asked[ours].picture, "teal")
    assert is_rendition(asked[theirs].picture, "orange")
    assert "image/png, 640 x 480 pixels" in asked[ours].text
    assert "a lake in the Alps" in asked[ours].text
    assert (await desk.ours(ours))["ollama.caption"] in asked[ours].text
    assert CAPTIONED["caption"] in asked[theirs].text
    assert " caption" not in asked[none].text
    assert " prompt" not in asked[none].text


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.title`; optionally `ollama.model`, `ollama.last_run_at`."""
    media_id = await desk.add("teal", **CAPTIONED)
    await desk.work()
    ours = await desk.ours(media_id)

    assert set(ours) == {"ollama.title"} | PROVENANCE
    assert ours["ollama.title"] == (await desk.said(JOB))["title"]
    assert ours["ollama.model"] == "bildwerk-simulated"

    desk.settle_with(Finisher(desk.workshop.ledger.planner, writer=EffectWriter(frozenset())))
    other = await desk.add("orange", **CAPTIONED)
    await desk.work()
    assert set(await desk.ours(other)) == {"ollama.title"}


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media_meta` only."""
    await needs_no_more_than(desk, JOB, {"media": "SELECT", "media_meta": "SELECT, INSERT, UPDATE"})


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """No title present, or force."""
    nothing, titled = await desk.add("teal"), await desk.add("orange", title="Theirs")
    await desk.work()

    assert "ollama.title" in await desk.ours(nothing)
    assert "ollama.title" not in await desk.ours(titled)
    assert await desk.calls(titled, JOB) == 0

    await desk.plan(nothing)
    await desk.work()
    assert await desk.calls(nothing, JOB) == 1
    await desk.plan(nothing, force="once more", job_types=(JOB,))
    await desk.work()
    assert await desk.calls(nothing, JOB) == 2
    assert await desk.calls(nothing, CAPTION) == 1


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """As J1. Time-out: retry with back-off. Invalid JSON: job error, nothing persisted."""
    await tries_again_after_a_time_out(desk, JOB)
    await fails_at_once_on_invalid_json(desk, JOB)
