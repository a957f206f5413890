"""Newcomers on their way, step by step, so that what two of them do can interleave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from db import inspections, ledger
from db.inspections import Uninspected
from handlers.runner.outcomes import Planned
from handlers.runner.planning import PlanRequest
from handlers.runner.seeking import Seeker
from tests.gallery import Gallery, Shot


@dataclass
class Newcomer:
    """One medium on its way, step by step: its inspection's transaction, its search, its pairs."""

    gallery: Gallery
    media_id: int
    shot: Shot
    exits: AsyncExitStack = field(default_factory=AsyncExitStack)
    search: "asyncio.Task[Planned] | None" = None

    def __post_init__(self) -> None:
        self.seeker = Seeker(self.gallery.pool, self.gallery.planner)

    async def begin(self) -> None:
        """All of the inspection but its commit."""
        pool = self.gallery.pool
        row = await pool.fetchrow(
            "SELECT now(), path, bildwerk.source_mark(path, updated_at, hash) AS mark FROM media WHERE id = $1",
            self.media_id,
        )
        connection = await self.exits.enter_async_context(pool.acquire())
        await self.exits.enter_async_context(connection.transaction())
        await ledger.lock(connection, [self.media_id])
        medium = Uninspected(self.media_id, row["path"], row["mark"], 0, row["now"])
        await inspections.settle(connection, medium, self.shot.content_hash, self.shot.picture)
        await self.gallery.planner.plan_media(connection, [PlanRequest(self.media_id)])

    async def commit(self) -> None:
        await self.exits.aclose()

    async def look(self) -> None:
        """Search, up to where candidates are compared."""
        await self.seeker.turns.acquire()
        self.search = asyncio.create_task(self.seeker.seek(self.media_id))
        async with asyncio.timeout(10):
            while not self.seeker.turns._waiters and not self.search.done():
                await asyncio.sleep(0)

    async def tell(self) -> None:
        """Compare, and keep the pairs."""
        assert self.search is not None
        self.seeker.turns.release()
        await self.search


@asynccontextmanager
async def looking(gallery: Gallery, media_id: int) -> AsyncIterator[None]:
    """What happens inside comes after the candidates were read, and before pairs are kept."""
    newcomer = Newcomer(gallery, media_id, Shot(0))
    await newcomer.look()
    yield
    await newcomer.tell()


DIFFERING = 11
"""A motif whose pictures with other pixels have other hashes: the same ones would be written one after the other."""


async def check_one_pair(gallery: Gallery) -> None:
    """One pair, one question, and both know."""
    assert await gallery.pairs() == [(1, 2)]
    await gallery.settle()
    asked = [who for who, _ in gallery.judge.asked]
    assert asked == [await gallery.pool.fetchval("SELECT referee FROM bildwerk.duplicate_pairs")]
    assert [await gallery.similar(media_id) for media_id in (1, 2)] == [[2], [1]]
    assert [await gallery.state(media_id) for media_id in (1, 2)] == [("done", "")] * 2
    await gallery.check_reports()
    await gallery.check_quiet()
