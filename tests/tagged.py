"""Media with tags, and what people do to them, on a real PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from contracts.facts import TAGS, MediaFacts
from contracts.tags import WeightedTag
from db import tags
from db.facts import load_snapshots
from db.pool import Connection, Pool
from db.vocabulary import VocabularyCache

T = TypeVar("T")
Link = tuple[float | None, float | None, bool, str | None]
"""Confidence, weight, whether it is locked, source."""

REMEMBER = """
WITH given AS (INSERT INTO tags (name) VALUES ($2) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id)
INSERT INTO media_tags (media_id, tag_id, confidence, weight, locked, source)
SELECT $1, id, $3, $4, $5, $6 FROM given
"""


@dataclass
class Tagged:
    """What the tests do to tags, each in a transaction of its own."""

    pool: Pool
    names: VocabularyCache = field(default_factory=VocabularyCache)

    async def media(self, number: int = 1) -> list[int]:
        """Media that we know."""
        rows = await self.pool.fetch(
            "INSERT INTO media (path) SELECT gen_random_uuid() FROM generate_series(1, $1) RETURNING id", number
        )
        ids = sorted(row["id"] for row in rows)
        await self.pool.execute("INSERT INTO bildwerk.media (id, seen) SELECT unnest($1::bigint[]), true", ids)
        return ids

    async def medium(self) -> int:
        """One medium that we know."""
        return (await self.media())[0]

    async def carry(
        self,
        medium: int,
        name: str,
        confidence: float | None = None,
        weight: float | None = None,
        *,
        locked: bool = False,
        source: str | None = "person",
    ) -> None:
        """Give it somebody else's tag."""
        await self.pool.execute(REMEMBER, medium, name, confidence, weight, locked, source)

    async def put(self, medium: int, *names: str, run: int = 1, **values: float) -> None:
        """Make these the tags it has from us."""
        wanted = [WeightedTag(name, values.get("confidence", 0.5), values.get("weight", 0.25)) for name in names]
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT FROM bildwerk.media WHERE id = $1 FOR UPDATE", medium)
            await tags.put(connection, MediaFacts(medium, content_hash="f1"), wanted, run)

    async def see(self, *media: int) -> None:
        """Remember what they carry."""
        async with self.pool.acquire() as connection:
            await tags.see(connection, media)

    async def act(self, statement: str, medium: int, name: str) -> None:
        """Do something to one link: `statement` goes on after `UPDATE media_tags AS l SET`, or is DELETE."""
        await self.pool.execute(link_statement(statement), medium, name)

    async def links(self, medium: int) -> dict[str, Link]:
        """What it carries."""
        rows = await self.pool.fetch(
            "SELECT t.name, l.confidence, l.weight, l.locked, l.source FROM media_tags AS l"
            " JOIN tags AS t ON t.id = l.tag_id WHERE l.media_id = $1 ORDER BY t.name",
            medium,
        )
        return {row["name"]: tuple(row)[1:] for row in rows}

    async def named(self, medium: int) -> list[str]:
        """The names of what it carries."""
        return sorted(await self.links(medium))

    async def facts(self, medium: int) -> MediaFacts:
        """What a stage would see."""
        async with self.pool.acquire() as connection:
            (snapshot,) = await load_snapshots(connection, [medium], [TAGS], "en", self.names)
        return snapshot.facts

    async def every(self, table: str) -> list[Mapping[str, Any]]:
        """All rows of a table, in a fixed order."""
        return [dict(row) for row in await self.pool.fetch(f"SELECT * FROM {table} AS t ORDER BY t::text")]  # noqa: S608


def link_statement(statement: str) -> str:
    """What a person sends about the link of medium $1 and the tag named $2."""
    where = "l.media_id = $1 AND l.tag_id = (SELECT id FROM tags WHERE name = $2)"
    if statement == "DELETE":
        return f"DELETE FROM media_tags AS l WHERE {where}"  # noqa: S608
    return f"UPDATE media_tags AS l SET {statement} WHERE {where}"  # noqa: S608


async def race(pool: Pool, act: Callable[[Connection], Awaitable[object]], write: Callable[[], Awaitable[T]]) -> T:
    """Act in a transaction that commits while `write` waits for what it holds; what `write` returns."""
    async with pool.acquire() as person:
        transaction = person.transaction()
        await transaction.start()
        await act(person)
        writing = asyncio.ensure_future(write())
        async with pool.acquire() as watcher, asyncio.timeout(10):
            while not await watcher.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                assert not writing.done(), "it did not wait"
                await asyncio.sleep(0.01)
        await transaction.commit()
    return await writing
