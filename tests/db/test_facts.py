"""What a platform may hold that Python cannot: one row of it must not stop the planning of all."""

import asyncpg
import pytest

from db.failures import is_repeatable
from tests.ledger import Ledger

CAPTION = "ollama_caption"


@pytest.mark.parametrize(
    "value", ["1e400", "[" * 2000 + "]" * 2000, "123456789012345678901234567890", '"\\ud83d\\ude00"']
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
