"""What is exported of a medium, on a real PostgreSQL: whose value it is, and page by page."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
from pydantic import JsonValue

from bildwerk.export.lines import write_line
from bildwerk.export.pages import read_pages
from bildwerk.export.record import Record, Value, read_record
from contracts.embedded import Embedded
from contracts.facts import MediaFacts, PastPrompt, Picture, Written
from db.export import Wanted
from handlers.registry import load_stages
from tests.ledger import Ledger
from tests.tagged import Tagged

KEYS = sorted({"locks"}.union(*((*stage.reads, *stage.writes) for stage in load_stages())))


async def read(ledger: Ledger, wanted: Wanted | None = None, size: int = 200) -> list[Record]:
    """All that is wanted."""
    return [record async for page in read_pages(ledger.pool, KEYS, wanted or Wanted(), size=size) for record in page]


async def say(ledger: Ledger, media_id: int, key: str, value: Any) -> None:
    """Somebody else writes a value."""
    await ledger.pool.execute(
        "INSERT INTO media_meta VALUES ($1, $2, $3) ON CONFLICT (media_id, key) DO UPDATE SET value = excluded.value",
        media_id, key, value,
    )  # fmt: skip


async def test_ours_and_the_language_it_was_asked_for_in(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await ledger.pool.execute("UPDATE bildwerk.runs SET language = 'de'")
    (record,) = await read(ledger)

    assert record.caption == Value("A cat on a mat.", "ours", "de")
    assert record.description == Value("A cat on a mat. It sleeps.", "ours", "de")
    assert (record.title, record.tags, record.scores, record.prompt) == (None, (), None, None)
    assert (record.media_id, record.path, record.content_hash, record.format) == (1, "a.jpg", "f1", "JPEG")
    told = orjson.loads(write_line(record))
    assert told["caption"] == {"value": "A cat on a mat.", "held_by": "ours", "language": "de"}
    assert write_line(record).endswith(b"\n")


async def test_a_persons_values_stand_in_the_place_of_ours(ledger: Ledger) -> None:
    """Changed under our key, or written under the platform's own; a lock alone makes nothing a person's."""
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await say(ledger, media_id, "locks", ["*"])
    (locked,) = await read(ledger)
    await say(ledger, media_id, "ollama.caption", "Mia")
    await say(ledger, media_id, "description", "Mia sleeps")
    await say(ledger, media_id, "title", "  ")
    (record,) = await read(ledger)

    assert locked.caption is not None
    assert locked.caption.held_by == "ours"
    assert record.caption == Value("Mia", "person")
    assert record.description == Value("Mia sleeps", "person")
    assert record.title is None


async def test_what_was_made_from_other_pixels_is_stale(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await ledger.inspect(media_id, "f2")
    (record,) = await read(ledger)

    assert record.caption is not None
    assert (record.caption.held_by, record.caption.text) == ("stale", None)


async def test_tags_are_those_it_carries_and_who_gave_them(ledger: Ledger) -> None:
    media_id = await ledger.add()
    tagged = Tagged(ledger.pool)
    await tagged.carry(media_id, "Mia", locked=True)
    await tagged.carry(media_id, "scan:done")
    await say(ledger, media_id, "ollama.tags_normalized", [{"name": "cat"}])
    (before,) = await read(ledger)
    await tagged.put(media_id, "mat")
    (record,) = await read(ledger)

    assert [(tag.name, tag.held_by, tag.locked) for tag in before.tags] == [
        ("Mia", "person", True),
        ("cat", "person", False),
    ]
    assert {(tag.name, tag.held_by, tag.confidence) for tag in record.tags} == {
        ("Mia", "person", None),
        ("mat", "ours", 0.5),
    }


def test_a_judgement_in_the_platforms_columns_is_ours_or_somebody_elses() -> None:
    """A column of `real` does not give back the very number."""
    written = {"media.quality_status": Written("ok", "f"), "media.quality_score": Written(0.68, "e")}
    known = MediaFacts(1, content_hash="f", quality_status="ok", quality_score=0.6800000071525574, written=written)
    ours, theirs = read_record(known, {}), read_record(replace(known, quality_status="defect"), {})

    assert ours.quality_status == Value("ok", "ours")
    assert ours.quality_score == Value(0.6800000071525574, "stale")
    assert theirs.quality_status == Value("defect", "person")
    assert read_record(replace(known, quality_status="unknown", quality_score=None), {}).quality_status is None


def test_the_prompt_is_the_platforms_else_the_files_else_a_reconstruction() -> None:
    ours: JsonValue = {"prompt": "a cat", "negative_prompt": None, "confidence": 0.7}
    key = "ollama.prompt_reconstruction"
    facts = MediaFacts(1, content_hash="f", meta={key: ours}, written={key: Written(ours, "f")})
    assert read_record(facts, {}).prompt == Value(ours, "ours")

    embedded = MediaFacts(1, picture=Picture(embedded=Embedded(generator="a1111", prompt="in it")), meta=facts.meta)
    assert read_record(embedded, {}).prompt == Value({"prompt": "in it", "negative_prompt": None}, "file")

    past = MediaFacts(1, picture=embedded.picture, prompts=(PastPrompt("kept", "no dog"),))
    assert read_record(past, {}).prompt == Value({"prompt": "kept", "negative_prompt": "no dog"}, "person")


async def test_pages_go_through_everything_once(ledger: Ledger) -> None:
    for number in range(7):
        await ledger.add(f"{number}.jpg", f"f{number}")

    assert [record.media_id for record in await read(ledger, size=3)] == list(range(1, 8))


async def test_what_comes_and_goes_between_pages_breaks_nothing(ledger: Ledger) -> None:
    for number in range(6):
        await ledger.add(f"{number}.jpg", f"f{number}")
    seen: list[int] = []
    async for page in read_pages(ledger.pool, KEYS, Wanted(), size=2):
        seen += [record.media_id for record in page]
        assert not await ledger.pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        )
        if len(seen) == 2:
            await ledger.pool.execute("DELETE FROM media WHERE id IN (1, 3)")
            await ledger.add("late.jpg", "late")

    assert seen == [1, 2, 4, 5, 6, 7]


async def test_only_what_is_wanted(ledger: Ledger) -> None:
    await ledger.add()
    await ledger.caption(1)
    for path in ("b_c.png", "d/bxc.png"):
        await ledger.add(path, path)
    for table, moment in (("media", "updated_at"), ("bildwerk.jobs", "changed_at"), ("bildwerk.written", "written_at")):
        await ledger.pool.execute(f"UPDATE {table} SET {moment} = now() - interval '1 d'")  # noqa: S608
    now = await ledger.pool.fetchval("SELECT now()")
    await ledger.pool.execute("UPDATE bildwerk.jobs SET changed_at = now() WHERE media_id = 2")
    await ledger.pool.execute("UPDATE media SET updated_at = now() WHERE id = 3")

    async def ids(wanted: Wanted) -> list[int]:
        return [record.media_id for record in await read(ledger, wanted)]

    assert await ids(Wanted(ids=(3, 1, 99))) == [1, 3]
    assert await ids(Wanted(glob="*b_c*")) == [2]
    assert await ids(Wanted(glob="?.jpg")) == [1]
    assert await ids(Wanted(since=now)) == [2, 3]
    assert await ids(Wanted(since=now + timedelta(hours=1))) == []
    await ledger.pool.execute("UPDATE bildwerk.written SET written_at = now()")
    assert await ids(Wanted(ids=(1, 2), since=now)) == [1, 2]
