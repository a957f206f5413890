"""J4, stage 3: quality and defects."""

from typing import Any

from tests.spec.cells import Row
from tests.spec.desk import HELD, Desk, is_rendition
from tests.spec.promises import fails_at_once_on_invalid_json, fails_with, needs_each_of, needs_no_more_than

JOB, CAPTION, TAGS = "ollama_quality", "ollama_caption", "ollama_tags_normalize"
ROW = Row("J4", JOB)
KEY = "ollama.quality"
CAPTIONED: dict[str, Any] = {"caption": "A boat.", "description": "A boat on a lake.", **HELD}
FLAGS: dict[str, Any] = {"scan.nsfw": 0.125, "scan.source": "camera"}
CODES = ("artefacts", "cut_off", "hands", "text", "watermark")
FLAWLESS = {f"{code}_{part}": value for code in CODES for part, value in (
    ("evidence", ""), ("place", "none"), ("severity", "none"),
)}  # fmt: skip
GRANTS = {
    "media": "SELECT",
    "media_meta": "SELECT, INSERT, UPDATE",
    "media_tags": "SELECT",
    "tags": "SELECT",
}
WRITES = {
    "quality": {"media": "UPDATE (quality_status, quality_score)"},
    "events": {"media_lifecycle_events": "INSERT"},
}


def seen(code: str, severity: str) -> dict[str, str]:
    """The answer of a model that sees one defect."""
    evidence = "It strikes in the corner."
    return {**FLAWLESS, f"{code}_evidence": evidence, f"{code}_place": "left", f"{code}_severity": severity}


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Image, caption, tags, scan flags."""
    theirs = await desk.add("teal", **CAPTIONED, **FLAGS)
    await desk.tag(theirs, "regatta", "harbour")
    ours, bare = await desk.add("orange"), await desk.add("navy")
    for job_type in (CAPTION, TAGS):
        await desk.workshop.fail("broken_json", match={"job": job_type, "media": str(bare)})
    with desk.overhear() as heard:
        await desk.work()
    asked = {request.media_id: request for request in heard if request.job_type == JOB}

    assert is_rendition(asked[theirs].picture, "teal")
    assert is_rendition(asked[ours].picture, "orange")
    for known in ("A boat.", "regatta, harbour", "nsfw: 0.12", "source: camera"):
        assert known in asked[theirs].text, known
    assert (await desk.ours(ours))["ollama.caption"] in asked[ours].text
    named = (await desk.ours(ours))["ollama.tags_normalized"]
    assert named
    for tag in named:
        assert tag["name"] in asked[ours].text
    assert "scan flags" not in asked[ours].text
    for origin in ("tags", "scan flags"):
        assert origin not in asked[bare].text
    assert " caption" not in asked[bare].text


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.quality` (defects, hints).

    Optionally `media.quality_status` and `media.quality_score`; optionally a `media_lifecycle_events` row
    `quality_eval`.
    """
    media_id = await desk.add(**CAPTIONED)
    await desk.answer(media_id, JOB, seen("watermark", "strong"))
    await desk.work()
    ours = await desk.ours(media_id)
    quality = ours[KEY]
    assert set(ours) == {KEY, "ollama.model", "ollama.last_run_at"}
    told = {defect["code"]: defect for defect in quality["defects"]}
    assert (told["watermark"]["place"], told["watermark"]["evidence"]) == ("left", "It strikes in the corner.")
    assert (told["watermark"]["source"], told["low_resolution"]["source"]) == ("model", "measured")
    assert len([hint for hint in quality["hints"] if "watermark" in hint]) == 1
    assert len(quality["hints"]) == len(quality["defects"])

    run = await desk.pool.fetchval("SELECT max(id) FROM bildwerk.runs WHERE job_type = $1", JOB)
    assert (quality["run"], bool(quality["version"])) == (run, True)
    assert await desk.quality(media_id) == (quality["status"], quality["score"]) == ("defect", quality["score"])
    ((name, payload),) = await desk.events(media_id)
    assert (name, payload["run"], payload["status"]) == ("quality_eval", run, quality["status"])
    assert payload["score"] == quality["score"]

    for writes in ((), ("quality",), ("events",)):
        desk.write_only(*writes)
        other = await desk.add("orange", **CAPTIONED)
        await desk.work()
        ours = await desk.ours(other)
        assert set(ours) == {KEY}, writes
        result = (ours[KEY]["status"], ours[KEY]["score"])
        assert await desk.quality(other) == (result if "quality" in writes else ("unknown", None)), writes
        assert len(await desk.events(other)) == ("events" in writes), writes


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media_meta`, `media`, `media_lifecycle_events`: the first always, the others each with its optional write."""
    desk.write_only("provenance")
    await needs_no_more_than(desk, JOB, GRANTS, **CAPTIONED)

    async def again() -> int:
        return await desk.add(**CAPTIONED)

    await needs_each_of(desk, JOB, GRANTS, WRITES, again)


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """`media.quality_status = 'unknown'`, or force."""
    unknown = await desk.add("teal", {"quality_status": "unknown"}, **CAPTIONED)
    judged = [await desk.add("orange", {"quality_status": word}, **CAPTIONED) for word in ("ok", "review", "defect")]
    await desk.work()
    await desk.plan(unknown)
    await desk.work()
    assert [await desk.calls(media_id, JOB) for media_id in (unknown, *judged)] == [1, 0, 0, 0]
    assert [await desk.verdict(media_id, JOB) for media_id in judged] == [("skipped", "judged")] * 3

    for media_id in (unknown, *judged):
        await desk.plan(media_id, force="once more")
    await desk.work()
    assert [await desk.calls(media_id, JOB) for media_id in (unknown, *judged)] == [2, 1, 1, 1]

    await desk.set_column(unknown, "quality_status", "unknown")
    for media_id in (unknown, *judged):
        await desk.plan(media_id)
    await desk.work()
    assert [await desk.calls(media_id, JOB) for media_id in (unknown, *judged)] == [3, 1, 1, 1]


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """Unclear result: `quality_status = 'review'`. An answer that is none: nothing is written, it stays unknown."""
    fine = await desk.add(flawless=True, **CAPTIONED)
    await desk.answer(fine, JOB, FLAWLESS)
    unclear = [await desk.add(flawless=True, **CAPTIONED) for _ in CODES]
    for media_id, code in zip(unclear, CODES, strict=True):
        await desk.answer(media_id, JOB, seen(code, "unclear"))
    groundless = await desk.add(flawless=True, **CAPTIONED)
    await desk.answer(groundless, JOB, {**seen("hands", "slight"), "hands_evidence": "none"})
    await desk.work()

    assert await desk.quality(fine) == ("ok", 1.0)
    for media_id in (*unclear, groundless):
        assert (await desk.quality(media_id))[0] == "review"
        assert (await desk.ours(media_id))[KEY]["status"] == "review"

    await fails_at_once_on_invalid_json(desk, JOB)
    await fails_with(desk, JOB, {"a word that was not given": seen("hands", "maybe")}, "wrong_shape", **CAPTIONED)
