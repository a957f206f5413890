"""J6, stage 5: the prompt reconstructed, with a confidence."""

import json
from typing import Any

from PIL import PngImagePlugin

from tests.spec.cells import Row
from tests.spec.desk import Desk, draw_flawless, is_rendition
from tests.spec.promises import fails_at_once_on_invalid_json, fails_with, needs_each_of, needs_no_more_than

JOB, CAPTION = "ollama_prompt_recon", "ollama_caption"
ROW = Row("J6", JOB)
KEY = "ollama.prompt_reconstruction"
PROMPT = "a boat on a lake at dawn, oil painting, soft light"
CAPTIONED: dict[str, Any] = {"caption": "A red boat on a lake.", "description": "A red boat lies on a calm lake."}
JUDGED: dict[str, Any] = {**CAPTIONED, "ollama.quality": {"grade": "B", "status": "ok", "score": 0.7, "defects": []}}
SLOTS = ("action", "colour", "composition", "light", "negative", "quality", "setting", "style", "subject")
GRANTS = {
    "media": "SELECT",
    "media_meta": "SELECT, INSERT, UPDATE",
    "media_tags": "SELECT",
    "prompt_history": "SELECT",
    "tags": "SELECT",
}
WRITES = {"prompts": {"prompt_history": "INSERT"}}
A1111 = f"{PROMPT}\nNegative prompt: blurry, text\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 480x360"
HISTORY = "SELECT prompt, negative_prompt, source, confidence FROM prompt_history WHERE media_id = $1 ORDER BY id"


def fill(certainty: str, **texts: str) -> dict[str, str]:
    """The answer of a model that fills these slots, all with the same certainty."""
    filled = {slot: texts.get(slot, "") for slot in SLOTS}
    sure = {f"{slot}_certainty": certainty if filled[slot] else "none" for slot in SLOTS}
    return filled | sure


SURE = fill("sure", subject="a red boat", setting="on a calm lake", style="photograph", light="soft morning light")
GUESSED = fill("guess", subject="a spaceship", setting="in orbit", style="comic")


async def history(desk: Desk, media_id: int) -> list[dict[str, Any]]:
    """The medium's rows of `prompt_history`, in order."""
    return [dict(row) for row in await desk.pool.fetch(HISTORY, media_id)]


async def generate(desk: Desk, colour: str = "teal", **meta: Any) -> int:
    """Upload a picture whose generator wrote its prompt into the file."""
    media_id = await desk.add(colour, **meta)
    told = PngImagePlugin.PngInfo()
    told.add_text("parameters", A1111)
    draw_flawless(colour).save(desk.workshop.folder / f"{desk.pictures}.png", pnginfo=told)
    return media_id


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Image, tags, caption, existing prompt fragments."""
    theirs = await desk.add("teal", **CAPTIONED, prompt="boat,")
    await desk.tag(theirs, "regatta", "harbour", "lake", "boat", "summer")
    ours, bare = await desk.add("orange"), await desk.add("navy")
    await desk.workshop.fail("broken_json", match={"job": CAPTION, "media": str(bare)})
    with desk.overhear() as heard:
        await desk.work()
    asked = {request.media_id: request for request in heard if request.job_type == JOB}

    assert is_rendition(asked[theirs].picture, "teal")
    for known in ("A red boat on a lake.", "regatta", "harbour", "boat,"):
        assert known in asked[theirs].text, known
    assert '"media prompt"' in asked[theirs].text
    assert '"media prompt"' not in asked[ours].text
    assert (await desk.ours(ours))["ollama.caption"] in asked[ours].text
    assert " caption" not in asked[bare].text


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.prompt_reconstruction` (prompt and confidence).

    Optionally `prompt_history` with source `ollama_prompt_recon`. An embedded prompt is copied, no model is asked.
    """
    asked, generated = await desk.add(**CAPTIONED), await generate(desk, "orange", **CAPTIONED)
    await desk.answer(asked, JOB, SURE)
    await desk.work()
    result = (await desk.ours(asked))[KEY]
    assert result["run"] == await desk.pool.fetchval("SELECT min(id) FROM bildwerk.runs WHERE job_type = $1", JOB)
    assert result["source"] == "model"
    for text in ("a red boat", "on a calm lake", "photograph", "soft morning light"):
        assert text in result["prompt"], text
    assert 0.5 < result["confidence"] < 1
    (row,) = await history(desk, asked)
    assert (row["prompt"], row["source"]) == (result["prompt"], JOB)
    assert abs(row["confidence"] - result["confidence"]) < 1e-6

    copied = (await desk.ours(generated))[KEY]
    assert (copied["prompt"], copied["negative_prompt"]) == (PROMPT, "blurry, text")
    assert (copied["source"], copied["generator"], copied["confidence"]) == ("embedded", "a1111", 1.0)
    assert await desk.calls(generated, JOB) == 0
    assert await history(desk, generated) == [
        {"prompt": PROMPT, "negative_prompt": "blurry, text", "source": JOB, "confidence": 1.0}
    ]

    for request in ("the same", "the same again"):
        await desk.answer(asked, JOB, SURE)
        for media_id in (asked, generated):
            await desk.plan(media_id, force=request, job_types=(JOB,))
        await desk.work()
    assert [len(await history(desk, media_id)) for media_id in (asked, generated)] == [1, 1], "one per distinct result"

    desk.write_only()
    other = await generate(desk, "olive", **CAPTIONED)
    await desk.work()
    assert (await desk.ours(other))[KEY]["prompt"] == PROMPT
    assert await history(desk, other) == []


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media_meta`, `prompt_history`: the first always, the other with its optional write."""
    desk.write_only("provenance")
    await desk.workshop.fail("say", match={"job": JOB}, next=1, text=json.dumps(SURE))
    await needs_no_more_than(desk, JOB, GRANTS, **JUDGED)

    async def again() -> int:
        media_id = await desk.add(**JUDGED)
        await desk.tag(media_id, "boat", "lake", "sky", "mountain", "summer")
        await desk.plan(media_id)
        await desk.answer(media_id, JOB, SURE)
        return media_id

    await needs_each_of(desk, JOB, GRANTS, WRITES, again)


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """Prompt missing or incomplete, or quality grade C."""
    missing, cut_off, there = [await desk.add(colour, **CAPTIONED) for colour in ("teal", "orange", "navy")]
    await desk.put(cut_off, "prompt", "a boat on")
    await desk.put(there, "prompt", PROMPT)
    past, bad = await desk.add("olive", **CAPTIONED), await desk.add("gray", **CAPTIONED, prompt=PROMPT)
    await desk.pool.execute(
        "INSERT INTO prompt_history (media_id, prompt, source) VALUES ($1, $2, 'generator')", past, PROMPT
    )
    every = (missing, cut_off, there, past, bad)
    for media_id in every:
        grade = "C" if media_id == bad else "B"
        await desk.put(media_id, "ollama.quality", {"grade": grade, "status": "ok", "score": 0.5, "defects": []})
        await desk.plan(media_id)
    await desk.work()
    assert [await desk.calls(media_id, JOB) for media_id in every] == [1, 1, 0, 0, 1]
    assert [await desk.verdict(media_id, JOB) for media_id in (there, past)] == [("skipped", "prompt_present")] * 2

    for media_id in every:
        await desk.plan(media_id)
    await desk.work()
    assert [await desk.calls(media_id, JOB) for media_id in every] == [1, 1, 0, 0, 1]

    await desk.plan(there, force="all the same", job_types=(JOB,))
    await desk.work()
    assert await desk.calls(there, JOB) == 1


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """Low confidence: meta only, no prompt is written."""
    media_id = await desk.add(**CAPTIONED)
    await desk.answer(media_id, JOB, GUESSED)
    await desk.work()
    result = (await desk.ours(media_id))[KEY]
    assert "a spaceship" in result["prompt"]
    assert result["confidence"] < 0.5
    assert await history(desk, media_id) == []

    boast = fill("sure", subject="a spaceship", setting="in orbit", style="comic", light="neon")
    other = await desk.add("orange", **CAPTIONED)
    await desk.answer(other, JOB, boast)
    await desk.work()
    assert (await desk.ours(other))[KEY]["confidence"] < 0.5, "caption and tags know nothing of it, however sure it is"
    assert await history(desk, other) == []

    await fails_at_once_on_invalid_json(desk, JOB)
    answers: dict[str, dict[str, Any]] = {
        "a word that was not given": {**SURE, "subject_certainty": "very"},
        "a slot is missing": {slot: text for slot, text in SURE.items() if slot != "light"},
        "a number for a certainty": {**SURE, "subject_certainty": 0.9},
    }
    await fails_with(desk, JOB, answers, "wrong_shape", **JUDGED)
