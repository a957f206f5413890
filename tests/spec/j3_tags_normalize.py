"""J3, stage 2: tags, normalised and weighted."""

from typing import Any

from tests.spec.cells import Row
from tests.spec.desk import Desk, is_rendition
from tests.spec.promises import fails_at_once_on_invalid_json, fails_with, needs_each_of, needs_no_more_than

JOB, CAPTION = "ollama_tags_normalize", "ollama_caption"
ROW = Row("J3", JOB)
RAW, NORMALIZED = "ollama.tags_raw", "ollama.tags_normalized"
CAPTIONED: dict[str, Any] = {"caption": "A boat.", "description": "A boat on a lake."}
FLAGS: dict[str, Any] = {"scan.source": "camera"}
GRANTS = {
    "media": "SELECT",
    "media_meta": "SELECT, INSERT, UPDATE",
    "media_tags": "SELECT",
    "tags": "SELECT",
}
WRITES = {"tags": {"media_tags": "INSERT, UPDATE, DELETE", "tags": "INSERT"}}
LINKS = (
    "SELECT t.name, l.confidence, l.weight, l.locked, l.source FROM media_tags AS l JOIN tags AS t ON t.id = l.tag_id"
    " WHERE l.media_id = $1 ORDER BY t.name"
)


def name(*main: str, other: tuple[str, ...] = (), unsure: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """The answer of a model that names tags."""
    return {"main": [*main], "other": [*other], "unsure": [*unsure]}


async def links(desk: Desk, media_id: int) -> dict[str, dict[str, Any]]:
    """The tags that a medium carries, by name."""
    return {row["name"]: dict(row) for row in await desk.pool.fetch(LINKS, media_id)}


@ROW.cell
async def inputs(desk: Desk) -> None:
    """Existing tags, caption or prompt text, scan flags if any. And the picture, which the texts are about."""
    theirs = await desk.add("teal", **CAPTIONED, **FLAGS, prompt="a boat in the fog")
    await desk.tag(theirs, "regatta", "harbour")
    ours, bare = await desk.add("orange"), await desk.add("navy")
    await desk.workshop.fail("broken_json", match={"job": CAPTION, "media": str(bare)})
    with desk.overhear() as heard:
        await desk.work()
    asked = {request.media_id: request for request in heard if request.job_type == JOB}

    assert is_rendition(asked[theirs].picture, "teal")
    for known in ("A boat.", "regatta", "harbour", "a boat in the fog", "source: camera"):
        assert known in asked[theirs].text, known
    assert f'"model caption">{(await desk.ours(ours))["ollama.caption"]}<' in asked[ours].text
    for origin in ("media tags", "media prompt", "scan flags"):
        assert f'"{origin}"' in asked[theirs].text, origin
        assert f'"{origin}"' not in asked[ours].text
    assert " caption" not in asked[bare].text


@ROW.cell
async def outputs(desk: Desk) -> None:
    """`media_meta`: `ollama.tags_raw`, `ollama.tags_normalized`.

    Optionally `tags` and `media_tags` (confidence, weight).
    """
    media_id = await desk.add(**CAPTIONED)
    await desk.tag(media_id, "harbour")
    await desk.answer(media_id, JOB, name("Boat", "IMAGE", "kite", other=(" Sky ", "boat"), unsure=("heron",)))
    await desk.work()
    ours, carried = await desk.ours(media_id), await links(desk, media_id)

    assert set(ours) == {RAW, NORMALIZED, "ollama.model", "ollama.last_run_at"}
    assert [(tag["name"], tag["level"]) for tag in ours[RAW]] == [
        ("Boat", "main"), ("IMAGE", "main"), ("kite", "main"), (" Sky ", "other"), ("boat", "other"),
        ("heron", "unsure"),
    ]  # fmt: skip
    told = {tag["name"]: tag for tag in ours[NORMALIZED]}
    assert told.keys() >= {"boat", "kite", "sky", "harbour"}
    assert "image" not in told
    assert len(told) == len(ours[NORMALIZED])
    assert {"boat", "sky", "harbour"} <= carried.keys() <= told.keys()
    assert carried["boat"]["confidence"] > carried["kite"]["confidence"], "the caption tells of a boat"
    assert carried["boat"]["weight"] > carried["sky"]["weight"], "that is what the picture is about"
    for tag in ("boat", "sky"):
        assert (
            carried[tag]["confidence"] == (kept := round(told[tag]["confidence"], 6))
            or abs(carried[tag]["confidence"] - kept) < 1e-6
        )
        assert abs(carried[tag]["weight"] - told[tag]["weight"]) < 1e-6
        assert carried[tag]["source"] == JOB
    assert carried["harbour"] == {
        "name": "harbour", "confidence": 1.0, "weight": None, "locked": False, "source": None,
    }  # fmt: skip

    desk.write_only()
    other = await desk.add("orange", **CAPTIONED)
    await desk.work()
    assert set(await desk.ours(other)) == {RAW, NORMALIZED}
    assert await links(desk, other) == {}


@ROW.cell
async def tables(desk: Desk) -> None:
    """`tags`, `media_tags`, `media_meta`: the last always, the others with their optional write."""
    desk.write_only("provenance")
    await needs_no_more_than(desk, JOB, GRANTS, **CAPTIONED)

    async def again() -> int:
        return await desk.add(**CAPTIONED)

    await needs_each_of(desk, JOB, GRANTS, WRITES, again)


@ROW.cell
async def runs_when(desk: Desk) -> None:
    """Too few tags (count below a minimum), or high inconsistency."""
    none, few, enough, messy, mixed = [
        await desk.add(colour, **CAPTIONED) for colour in ("teal", "orange", "navy", "olive", "gray")
    ]
    await desk.tag(few, "boat")
    await desk.tag(enough, "boat", "lake", "sky", "mountain", "summer")
    await desk.tag(messy, "boat", "Boat", "BOAT", "boats", "lake", "LAKE", "sky", "mountain")
    await desk.tag(mixed, "boat", "lake", "summer", "Himmel", "Berg", "Baum")
    for media_id in (none, few, enough, messy, mixed):
        await desk.plan(media_id)
    await desk.work()
    every = (none, few, enough, messy, mixed)
    assert [await desk.calls(media_id, JOB) for media_id in every] == [1, 1, 0, 1, 1]
    assert await desk.verdict(enough, JOB) == ("skipped", "tagged")

    for media_id in every:
        await desk.plan(media_id)
    await desk.work()
    assert [await desk.calls(media_id, JOB) for media_id in every] == [1, 1, 0, 1, 1]

    await desk.plan(enough, force="all the same", job_types=(JOB,))
    await desk.work()
    assert await desk.calls(enough, JOB) == 1


@ROW.cell
async def failure_modes(desk: Desk) -> None:
    """Duplicate tags: dedupe; locked tags are never changed or removed."""
    media_id = await desk.add(**CAPTIONED)
    await desk.tag(media_id, "Boat", "quay")
    await desk.pool.execute("UPDATE media_tags SET locked = true, confidence = 0.2, weight = 0.3")
    before = await links(desk, media_id)
    await desk.answer(media_id, JOB, name("boat", "BOAT", "sky", other=("Sky", "sky ", "quay"), unsure=("#sky",)))
    await desk.work()
    carried = await links(desk, media_id)
    assert carried.keys() == {"Boat", "quay", "sky"}
    assert {tag: carried[tag] for tag in before} == before
    told = [tag["name"] for tag in (await desk.ours(media_id))[NORMALIZED]]
    assert sorted(told) == ["Boat", "quay", "sky"]

    await desk.pool.execute("UPDATE media_tags SET locked = (tag_id = (SELECT id FROM tags WHERE name = 'sky'))")
    locked = (await links(desk, media_id))["sky"]
    await desk.answer(media_id, JOB, name("lake"))
    await desk.plan(media_id, force="other tags", job_types=(JOB,))
    await desk.work()
    carried = await links(desk, media_id)
    assert carried.keys() == {"Boat", "quay", "sky", "lake"}, "what somebody else gave it, or locked, stays"
    assert carried["sky"] == locked

    await desk.pool.execute("DELETE FROM media_tags WHERE tag_id = (SELECT id FROM tags WHERE name = 'lake')")
    await desk.answer(media_id, JOB, name("lake", "Lakes", "mountain"))
    await desk.plan(media_id, force="once more", job_types=(JOB,))
    await desk.work()
    assert (await links(desk, media_id)).keys() == {"Boat", "quay", "sky", "mountain"}, "what was removed stays away"

    await desk.put(media_id, "locks", ["tags"])
    before = await links(desk, media_id)
    await desk.plan(media_id, force="locked", job_types=(JOB,))
    await desk.work()
    assert await desk.verdict(media_id, JOB) == ("skipped", "kept_for_person")
    assert await links(desk, media_id) == before

    await fails_at_once_on_invalid_json(desk, JOB)
    answers: dict[str, dict[str, Any]] = {
        "no list": {**name("boat"), "other": "sky"},
        "numbers": {**name("boat"), "unsure": [1]},
    }
    await fails_with(desk, JOB, answers, "wrong_shape", **CAPTIONED)
