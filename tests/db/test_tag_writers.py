"""Many at once with the same new tags, and what one process keeps in memory of all names."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bildwerk.tag_merging import add_alias
from contracts.facts import MediaFacts
from contracts.tags import WeightedTag, fold_name
from db import tags
from db.pool import Connection, Database, Pool, open_pool
from db.vocabulary import MAX_AGE, VocabularyCache
from tests.ledger import Ledger
from tests.tagged import Tagged

WRITERS, TAGS, EACH = 16, 500, 6
NOW = datetime(2026, 7, 31, tzinfo=UTC)


@pytest.fixture
def tagged(ledger: Ledger) -> Tagged:
    return Tagged(ledger.pool)


@pytest.fixture
async def connection(ledger: Ledger) -> AsyncIterator[Connection]:
    async with ledger.pool.acquire() as connection:
        yield connection


async def write(pool: Pool, start: asyncio.Barrier, wanted: dict[int, list[str]]) -> None:
    """One writer: each of its media gets its tags in a transaction."""
    async with pool.acquire() as connection:
        await start.wait()
        for medium, names in wanted.items():
            async with connection.transaction():
                await tags.put(connection, MediaFacts(medium), [WeightedTag(name, 0.5, 0.5) for name in names], 1)


SLOW = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.001); RETURN NEW; END';
CREATE TRIGGER slow BEFORE INSERT ON tags FOR EACH ROW WHEN (NEW.name LIKE '%0') EXECUTE FUNCTION wait();
"""
"""So that the writers are at it at the same time, however few cores there are."""


@pytest.mark.parametrize("share", [TAGS, TAGS // 4])
async def test_16_writers_of_the_same_500_tags(database: str, share: int) -> None:
    """No error, no tag twice, every link there: with all tags on each medium, and with others on each."""
    draw = random.Random(share)
    names = [f"Tag {number}" if number % 3 else f"tag-{number}" for number in range(TAGS)]
    async with open_pool(Database(database, pool_size=WRITERS, lock_timeout=25.0)) as pool:
        await pool.execute(SLOW)
        media = await Tagged(pool).media(WRITERS * EACH)
        wanted = {medium: draw.sample(names, share) for medium in media}
        start = asyncio.Barrier(WRITERS)
        async with asyncio.TaskGroup() as group:
            for number in range(WRITERS):
                group.create_task(write(pool, start, {m: wanted[m] for m in media[number::WRITERS]}))
        rows = await pool.fetch("SELECT name FROM tags")
        links = await pool.fetch("SELECT media_id, name FROM media_tags JOIN tags ON id = tag_id")
        remembered = await pool.fetchval("SELECT count(*) FROM bildwerk.tag_links WHERE run_id = 1")

    assert sorted(row["name"] for row in rows) == sorted(names)
    assert len({fold_name(row["name"]) for row in rows}) == TAGS
    assert {tuple(row) for row in links} == {(medium, name) for medium in media for name in wanted[medium]}
    assert remembered == len(links)


@pytest.mark.parametrize("share", [60, 15])
async def test_16_writers_of_two_spellings_of_each_tag(database: str, share: int) -> None:
    """One row a tag, and its spelling on every medium that was given either."""
    draw = random.Random(share)
    keys = [f"tag {number}" for number in range(60)]
    async with open_pool(Database(database, pool_size=WRITERS, lock_timeout=25.0)) as pool:
        await pool.execute(SLOW)
        media = await Tagged(pool).media(WRITERS)
        wanted = {medium: draw.sample(keys, share) for medium in media}
        start = asyncio.Barrier(WRITERS)
        async with asyncio.TaskGroup() as group:
            for medium, names in wanted.items():
                spelled = [draw.choice([name, name.title()]) for name in names]
                group.create_task(write(pool, start, {medium: spelled}))
        rows = await pool.fetch("SELECT name FROM tags")
        links = await pool.fetch("SELECT media_id, name FROM media_tags JOIN tags ON id = tag_id")

    assert len({fold_name(row["name"]) for row in rows}) == len(rows)
    given = {(row["media_id"], fold_name(row["name"])) for row in links}
    assert given == {(medium, name) for medium in media for name in wanted[medium]}


async def test_a_name_in_an_open_transaction_is_waited_for(database: str) -> None:
    """The second finds the row of the first, or makes its own where the first is rolled back."""
    for ends in ("COMMIT", "ROLLBACK"):
        async with open_pool(Database(database)) as pool:
            (medium,) = await Tagged(pool).media()
            first = await pool.acquire()
            await first.execute("BEGIN")
            await first.execute("INSERT INTO tags (name) VALUES ($1)", ends)
            writing = asyncio.ensure_future(Tagged(pool).put(medium, ends))
            async with pool.acquire() as watcher, asyncio.timeout(10):
                while not await watcher.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    assert not writing.done()
                    await asyncio.sleep(0.01)
            await first.execute(ends)
            await writing
            await pool.release(first)
            assert await Tagged(pool).named(medium) == [ends]


async def read(cache: VocabularyCache, connection: Connection, now: datetime = NOW) -> dict[str, str]:
    """What the cache says, asked as a snapshot asks it."""
    last = await connection.fetchval("SELECT coalesce(max(id), 0) FROM tags")
    version = await connection.fetchval("SELECT version FROM bildwerk.tag_aliases_version")
    return dict((await cache.read(connection, now, last, version)).spellings)


async def test_new_tags_are_read_as_they_come(tagged: Tagged, connection: Connection) -> None:
    """Only those that are new: what was renamed shows once the copy is old."""
    cache, medium = VocabularyCache(), await tagged.medium()
    assert await read(cache, connection) == {}
    await tagged.carry(medium, "Cat")
    assert await read(cache, connection) == {"cat": "Cat"}
    await tagged.pool.execute("UPDATE tags SET name = 'Tom' WHERE name = 'Cat'")
    await tagged.carry(medium, "Dog")
    assert await read(cache, connection, NOW + MAX_AGE) == {"cat": "Cat", "dog": "Dog"}

    old = NOW + MAX_AGE + timedelta(seconds=1)

    assert await read(cache, connection, old) == {"tom": "Tom", "dog": "Dog"}


async def test_a_deleted_tag_and_one_that_was_committed_late_show_in_the_end(
    tagged: Tagged, connection: Connection
) -> None:
    cache = VocabularyCache()
    await tagged.pool.execute("INSERT INTO tags (id, name) VALUES (5, 'cat')")
    assert await read(cache, connection) == {"cat": "cat"}
    await tagged.pool.execute("INSERT INTO tags (id, name) VALUES (3, 'dog'); DELETE FROM tags WHERE id = 5")
    assert await read(cache, connection) == {"cat": "cat"}

    assert await read(cache, connection, NOW + 2 * MAX_AGE) == {"dog": "dog"}


async def test_the_oldest_tag_gives_the_spelling_also_of_later_ones(tagged: Tagged, connection: Connection) -> None:
    cache = VocabularyCache()
    await tagged.pool.execute("INSERT INTO tags (name) VALUES ('Sun-Set'), ('sun set'), ('...')")
    assert await read(cache, connection) == {"sun set": "Sun-Set"}
    await tagged.pool.execute("INSERT INTO tags (name) VALUES ('SUN SET'), ('moon')")

    assert await read(cache, connection) == {"sun set": "Sun-Set", "moon": "moon"}


async def test_nothing_is_read_when_nothing_is_new(tagged: Tagged, connection: Connection) -> None:
    cache, medium = VocabularyCache(), await tagged.medium()
    await tagged.carry(medium, "cat")
    vocabulary = await cache.read(connection, NOW, 1, 0)

    await connection.execute("ALTER TABLE tags RENAME TO elsewhere; ALTER TABLE bildwerk.tag_aliases RENAME TO gone")

    assert await cache.read(connection, NOW + MAX_AGE, 1, 0) is vocabulary


async def test_an_alias_shows_at_once_in_every_process(tagged: Tagged, connection: Connection) -> None:
    caches, medium = [VocabularyCache(), VocabularyCache()], await tagged.medium()
    await tagged.carry(medium, "cat")
    for cache in caches:
        await read(cache, connection)
    await add_alias(tagged.pool, "moggy", "cat")

    for cache in caches:
        await read(cache, connection)
        assert (await cache.read(connection, NOW, 1, 1)).find("Moggy") == "cat"


async def test_two_tasks_that_read_at_once_lose_nothing(tagged: Tagged, connection: Connection) -> None:
    """One waits for its rows while the other reads newer ones."""
    cache, medium = VocabularyCache(), await tagged.medium()
    await tagged.carry(medium, "cat")
    await read(cache, connection)
    async with tagged.pool.acquire() as blocker, tagged.pool.acquire() as slow:
        transaction = blocker.transaction()
        await transaction.start()
        await blocker.execute("LOCK TABLE bildwerk.tag_aliases")
        await tagged.pool.execute("UPDATE bildwerk.tag_aliases_version SET version = 1")
        await tagged.carry(medium, "dog")
        waiting = asyncio.ensure_future(cache.read(slow, NOW, 2, 1))
        await tagged.carry(medium, "fox")
        assert "fox" in (await cache.read(connection, NOW, 3, 0)).spellings
        await transaction.rollback()
        await add_alias(tagged.pool, "moggy", "cat")
        assert set((await waiting).spellings) >= {"cat", "dog"}

    vocabulary = await cache.read(connection, NOW, 3, 2)

    assert set(vocabulary.spellings) == {"cat", "dog", "fox"}
    assert vocabulary.find("moggy") == "cat"
