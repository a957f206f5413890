"""P17 on a real PostgreSQL: what somebody commits while we write is never undone."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from contracts.effects import PutMeta
from contracts.facts import MediaFacts, Written
from db.effects import put_meta
from tests.ledger import Ledger

KEY = "ollama.caption"
OURS = MediaFacts(1, content_hash="f1", meta={KEY: "ours"}, written={KEY: Written("ours", "f1")})
NOTHING = MediaFacts(1, content_hash="f1")


@pytest.fixture
async def medium(ledger: Ledger) -> Ledger:
    await ledger.pool.execute("INSERT INTO media (path) VALUES ('a.jpg')")
    return ledger


async def have_ours(ledger: Ledger) -> None:
    async with ledger.pool.acquire() as connection:
        assert await put_meta(connection, NOTHING, PutMeta(KEY, "ours"), 1)


async def value(ledger: Ledger) -> object:
    return (await ledger.meta(1)).get(KEY)


async def race(ledger: Ledger, statement: str, write: Callable[[], Awaitable[bool]]) -> bool:
    """Run `statement` in a transaction that commits while `write` waits for its row."""
    async with ledger.pool.acquire() as person:
        transaction = person.transaction()
        await transaction.start()
        await person.execute(statement)
        writing = asyncio.ensure_future(write())
        async with ledger.pool.acquire() as watcher, asyncio.timeout(10):
            while not await watcher.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
        await transaction.commit()
    return await writing


async def write(ledger: Ledger, facts: MediaFacts, new: str = "new") -> bool:
    async with ledger.pool.acquire() as connection:
        return await put_meta(connection, facts, PutMeta(KEY, new), 2)


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("DELETE FROM media_meta WHERE key = 'ollama.caption'", None),
        ("UPDATE media_meta SET value = '\"mine\"' WHERE key = 'ollama.caption'", "mine"),
    ],
)
async def test_an_edit_that_commits_while_we_wait_stands(medium: Ledger, statement: str, left: str | None) -> None:
    """P17: a person's DELETE or UPDATE that we had to wait for leaves our statement nothing to change."""
    await have_ours(medium)

    assert not await race(medium, statement, lambda: write(medium, OURS))
    assert await value(medium) == left


async def test_an_insert_that_commits_while_we_wait_stands(medium: Ledger) -> None:
    """P17."""
    statement = "INSERT INTO media_meta VALUES (1, 'ollama.caption', '\"mine\"')"

    assert not await race(medium, statement, lambda: write(medium, NOTHING))
    assert await value(medium) == "mine"


@pytest.mark.parametrize("locks", ['["caption"]', '["ollama.caption", "x"]', '["*"]', '"*"'])
async def test_a_lock_stops_both_ways_of_writing(medium: Ledger, locks: str) -> None:
    """P17: a lock that came after the facts were read holds as of the writing statement."""
    await medium.pool.execute("INSERT INTO media_meta VALUES (1, 'locks', $1::text::jsonb)", locks)
    assert not await write(medium, NOTHING)
    await medium.pool.execute("INSERT INTO media_meta VALUES (1, 'ollama.caption', '\"ours\"')")
    assert not await write(medium, OURS)
    assert await value(medium) == "ours"


async def test_a_value_we_wrote_is_replaced_and_remembered(medium: Ledger) -> None:
    await have_ours(medium)

    assert await write(medium, OURS)
    assert await value(medium) == "new"
    assert await medium.pool.fetchval("SELECT value FROM bildwerk.written") == "new"


async def test_a_value_that_was_deleted_is_not_written_again(medium: Ledger) -> None:
    """A value of ours that somebody deleted stays deleted."""
    await have_ours(medium)
    await medium.pool.execute("DELETE FROM media_meta")

    assert not await write(medium, OURS)
    assert await value(medium) is None
