"""What facts hold; and what a platform may hold that Python cannot: one row of it must not stop the planning of all."""

from datetime import timedelta

import asyncpg
import pytest

from contracts.facts import TAGS
from db import inspections
from db.facts import load_snapshots
from db.failures import is_repeatable
from db.vocabulary import VocabularyCache
from tests.ledger import Ledger

CAPTION = "ollama_caption"


@pytest.mark.parametrize(
    "value", ["1e400", "1e5000", "[" * 2000 + "]" * 2000, "123456789012345678901234567890", '"\\ud83d\\ude00"']
)
async def test_a_foreign_value_of_any_kind_is_read(ledger: Ledger, value: str) -> None:
    media_id = await ledger.add()
    await ledger.pool.execute("INSERT INTO media_meta SELECT $1, 'caption', $2::text::jsonb", media_id, value)
    await ledger.plan(media_id)

    async with ledger.pool.acquire() as connection:
        (snapshot,) = await ledger.planner.load(connection, [media_id])
    assert snapshot.facts.meta["caption"]
    assert (await ledger.verdict(media_id, CAPTION))["status"] == "due"


@pytest.mark.parametrize("moment", ["0044-03-15 BC", "0001-01-01", "20000-01-01", "infinity", "-infinity"])
async def test_a_date_of_any_kind_is_read(ledger: Ledger, moment: str) -> None:
    """Cameras without a clock write the year 0."""
    media_id = await ledger.add()
    await ledger.pool.execute(f"UPDATE media SET created_at = '{moment}', updated_at = '{moment}'")  # noqa: S608
    await ledger.plan(media_id)

    async with ledger.pool.acquire() as connection:
        (snapshot,) = await ledger.planner.load(connection, [media_id])
    assert snapshot.facts.metadata.created_at is None


async def test_a_column_that_the_platform_changes_under_us_is_read_again(ledger: Ledger) -> None:
    """A prepared statement breaks off once, inside a transaction; that is no bug of a job."""
    media_id = await ledger.add()
    async with ledger.pool.acquire() as connection:
        async with connection.transaction():
            await ledger.planner.load(connection, [media_id])
        await ledger.pool.execute("ALTER TABLE public.media ALTER width TYPE bigint")
        with pytest.raises(asyncpg.InvalidCachedStatementError) as broken:
            async with connection.transaction():
                await ledger.planner.load(connection, [media_id])
        assert is_repeatable(broken.value)
        assert await ledger.planner.load(connection, [media_id])


async def test_scan_flags_are_always_there_and_tags_when_a_stage_reads_them(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.pool.execute("INSERT INTO media_meta VALUES ($1, 'scan.nsfw', 'true'), ($1, 'scanned', '1')", media_id)
    await ledger.pool.execute("INSERT INTO tags (name) VALUES ('dog'), ('beach'), ('apple')")
    await ledger.pool.execute(
        "INSERT INTO media_tags (media_id, tag_id, confidence)"
        " SELECT $1, id, CASE name WHEN 'beach' THEN 0.9 WHEN 'dog' THEN 0.4 END FROM tags",
        media_id,
    )
    async with ledger.pool.acquire() as connection:
        (plain,) = await load_snapshots(connection, [media_id], ["caption"], "en", VocabularyCache())
        (tagged,) = await load_snapshots(connection, [media_id], ["caption", TAGS], "en", VocabularyCache())
    assert plain.facts.meta == {"scan.nsfw": True}
    assert plain.facts.tags == ()
    assert [tag.name for tag in tagged.facts.tags] == ["beach", "dog", "apple"]


async def test_a_picture_that_an_older_version_measured_is_inspected_again(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.pool.execute("UPDATE bildwerk.pictures SET measures_version = measures_version - 1, measures = '{}'")
    await ledger.plan(media_id)
    async with ledger.pool.acquire() as connection:
        (snapshot,) = await ledger.planner.load(connection, [media_id])
        assert not snapshot.facts.inspected
        assert snapshot.known.due == ()
        (waiting,) = await inspections.claim(connection, 9, timedelta(minutes=1))
    assert (waiting.media_id, waiting.measured) == (media_id, None)

    await ledger.inspect(media_id, "f1")
    assert (await ledger.verdict(media_id, CAPTION))["status"] == "due"


async def test_a_picture_that_this_version_measured_needs_no_measuring_again(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.touch(media_id)
    await ledger.plan(media_id)
    async with ledger.pool.acquire() as connection:
        (waiting,) = await inspections.claim(connection, 9, timedelta(minutes=1))
    assert waiting.measured == "f1"


async def test_an_unreadable_picture_is_not_measured_for_ever(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.pool.execute("UPDATE bildwerk.pictures SET measures_version = 0, unreadable = 'poison'")
    await ledger.plan(media_id)
    assert await ledger.pool.fetchval("SELECT inspect_at FROM bildwerk.media WHERE id = $1", media_id) is None
