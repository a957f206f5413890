"""The outbox as its relay sees it, on a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest_asyncio

from db import outbox
from db.pool import Connection, Database, Pool, open_pool


@pytest_asyncio.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(database, pool_size=3)) as opened:
        yield opened


async def emit(connection: Connection, key: str, topic: str = "stage.completed") -> int:
    row: int = await connection.fetchval(
        "INSERT INTO bildwerk.outbox (aggregateid, type, topic, payload) VALUES ($1, $2, $2, '{}') RETURNING id",
        key,
        topic,
    )
    return row


async def test_rows_come_in_order_and_go_when_deleted(pool: Pool) -> None:
    """P20."""
    ids = [await emit(pool, str(n)) for n in (3, 1, 2)]
    await pool.execute("UPDATE bildwerk.outbox SET type = type WHERE id = $1", ids[0])  # now the last in the heap
    assert [row.id for row in await outbox.list_rows(pool, 10)] == ids
    assert [row.key for row in await outbox.list_rows(pool, 2)] == ["3", "1"]
    await outbox.delete(pool, ids[:2])
    assert [row.id for row in await outbox.list_rows(pool, 10)] == ids[2:]


async def test_a_lower_id_that_commits_later_is_not_skipped(pool: Pool) -> None:
    async with pool.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        low = await emit(slow, "1")
        high = await emit(pool, "2")
        assert [row.id for row in await outbox.list_rows(pool, 10)] == [high]
        await outbox.delete(pool, [high])
        await transaction.commit()
    assert [row.id for row in await outbox.list_rows(pool, 10)] == [low]


async def test_topics_can_be_left_out(pool: Pool) -> None:
    await emit(pool, "1", "bildwerk.dead-letter")
    kept = await emit(pool, "1")
    assert [row.id for row in await outbox.list_rows(pool, 10, ["bildwerk.dead-letter"])] == [kept]


async def test_one_transaction_at_a_time_holds_the_lock(pool: Pool) -> None:
    """P20."""
    async with pool.acquire() as first, pool.acquire() as second:
        async with first.transaction(), second.transaction():
            assert await outbox.try_lock(first)
            assert not await outbox.try_lock(second)
        async with second.transaction():
            assert await outbox.try_lock(second)


async def test_the_source_names_this_installation(pool: Pool) -> None:
    installation = await pool.fetchval("SELECT id FROM bildwerk.installation")
    assert await outbox.name_source(pool) == f"urn:bildwerk:{installation}"
