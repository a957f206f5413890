"""J7, stage 6: scores on several axes."""

from typing import Any

from tests.spec.cells import Row
from tests.spec.desk import HELD, Desk, is_rendition
from tests.spec.promises import fails_at_once_on_invalid_json, fails_with, needs_no_more_than

JOB, QUALITY = "ollama_score_multi", "ollama_quality"
ROW = Row("J7", JOB)
KEY = "ollama.scores"
AXES = ("aesthetic", "completeness", "compliance", "fidelity", "novelty")
TEXTS: dict[str, Any] = {"caption": "A boat.", "description": "A boat on a lake.", "title": "The boat", **HELD}
ANALYSED: dict[str, Any] = {**TEXTS, "ollama.quality": {"grade": "B", "status": "ok", "score": 0.7, "defects": []}}
SUSPECT: dict[str, Any] = {"ollama.quality": {}, "scan.nsfw": 0.9, "prompt": "a boat in the fog", **HELD}
LEVELS = dict(zip(AXES, ("excellent", "fair", "poor", "good", "bad"), strict=True))
NUMBERS = {"bad": 0.0, "poor": 0.25, "fair": 0.5, "good": 0.75, "excellent": 1.0}


def judge(levels: dict[str, str]) -> dict[str, str]:
    """The answer of a model that has reasons."""
    bases = {f"{axis}_basis": f"What there is of {axis} decides." for axis in levels}
    return {**bases, **{f"{axis}_level": level for axis, level in levels.items()}}


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Image, and caption, tags, prompt."""
    known = await desk.add("teal", **ANALYSED, prompt="a boat in the fog")
    await desk.tag(known, "regatta", "harbour")
    ours = await desk.add("orange")
    with desk.overhear() as heard:
        await desk.work()
    asked = {request.media_id: request for request in heard if request.job_type == JOB}

    assert is_rendition(asked[known].picture, "teal")
    assert is_rendition(asked[ours].picture, "orange")
    for text in ("A boat.", "regatta, harbour", "a boat in the fog"):
        assert text in asked[known].text, text
    written = await desk.ours(ours)
    assert written["ollama.caption"] in asked[ours].text
    assert written["ollama.tags_normalized"]
    for tag in written["ollama.tags_normalized"]:
        assert tag["name"] in asked[ours].text
    for origin in ('"media tags"', '"media prompt"'):
        assert origin in asked[known].text
    assert '"media prompt"' not in asked[ours].text


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.scores` with fidelity, aesthetic, novelty, compliance, completeness.

    Fidelity only where there is a prompt: it is never invented.
    """
    asked = await desk.add(flawless=True, **ANALYSED, prompt="a boat in the fog")
    unasked = await desk.add("orange", flawless=True, **ANALYSED)
    for media_id in (asked, unasked):
        await desk.answer(media_id, JOB, judge(LEVELS))
    await desk.work()
    ours = await desk.ours(asked)
    scores = ours[KEY]

    assert set(ours) == {KEY, "ollama.quality", "ollama.model", "ollama.last_run_at"}
    assert set(scores) == {*AXES, "version", "run"}
    assert scores["run"] == await desk.pool.fetchval("SELECT min(id) FROM bildwerk.runs WHERE job_type = $1", JOB)
    for axis, level in LEVELS.items():
        assert (scores[axis]["level"], scores[axis]["score"]) == (level, NUMBERS[level]), axis
        assert scores[axis]["basis"] == f"What there is of {axis} decides."
    without = (await desk.ours(unasked))[KEY]
    assert (without["fidelity"]["score"], without["fidelity"]["level"]) == (None, "no_prompt")
    assert without["aesthetic"]["score"] == 1.0

    limited = await desk.add("orange", flawless=True, **SUSPECT)
    await desk.answer(limited, JOB, judge(dict.fromkeys(AXES, "excellent")))
    await desk.work()
    scores = (await desk.ours(limited))[KEY]
    assert scores["compliance"]["score"] == 0.1, "what the platform's scanner says counts, whatever the model says"
    assert scores["completeness"]["score"] < 1, "and what is missing"
    assert scores["novelty"]["score"] < 1, "and how near the next picture is"

    desk.write_only()
    other = await desk.add("olive", **ANALYSED)
    await desk.work()
    assert set(await desk.ours(other)) == {KEY, "ollama.quality"}


@ROW.cell
async def tables(desk: Desk) -> None:
    """`media_meta`."""
    grants = {
        "media": "SELECT",
        "media_meta": "SELECT, INSERT, UPDATE",
        "media_tags": "SELECT",
        "prompt_history": "SELECT",
        "tags": "SELECT",
    }
    await needs_no_more_than(desk, JOB, grants, **ANALYSED)


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """A quality analysis exists, or the medium is in a score batch."""
    analysed, theirs = await desk.add("teal", **TEXTS), await desk.add("orange", **ANALYSED)
    without, batched = await desk.add("navy", **TEXTS), await desk.add("olive", **TEXTS)
    for media_id in (without, batched):
        await desk.workshop.fail("broken_json", match={"job": QUALITY, "media": str(media_id)})
    await desk.work()
    assert "ollama.quality" not in await desk.ours(without)
    assert [await desk.calls(media_id, JOB) for media_id in (analysed, theirs, without, batched)] == [1, 1, 0, 0]
    assert await desk.verdict(without, JOB) == ("skipped", "no_quality")

    await desk.plan(batched, batch="spring")
    await desk.plan(without, force="force brings no analysis", job_types=(JOB,))
    for media_id in (analysed, theirs):
        await desk.plan(media_id)
    await desk.work()
    assert [await desk.calls(media_id, JOB) for media_id in (analysed, theirs, without, batched)] == [1, 1, 0, 1]
    assert await desk.verdict(batched, JOB) == ("done", "")

    await desk.plan(analysed, force="once more", job_types=(JOB,))
    await desk.work()
    assert await desk.calls(analysed, JOB) == 2


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """Schema validation fails: job error."""
    good = judge(LEVELS)
    missing = {name: word for name, word in good.items() if name != "novelty_level"}
    answers: dict[str, dict[str, Any]] = {
        "a level that was not given": {**good, "aesthetic_level": "superb"},
        "a number for a level": {**good, "aesthetic_level": 0.9},
        "an axis is missing": missing,
        "an axis too many": {**good, "charm_level": "good"},
        "no reason": {**good, "novelty_basis": None},
        "a reason without end": {**good, "novelty_basis": "It is new. " * 40},
    }
    await fails_with(desk, JOB, answers, "wrong_shape", **ANALYSED)
    await fails_at_once_on_invalid_json(desk, JOB)
