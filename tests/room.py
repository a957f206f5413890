"""An inspector at work on a folder, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from PIL import Image

from consumers.inspector import Inspector
from consumers.store import Store
from handlers.backoff import Backoff
from handlers.inspect.limits import PictureLimits
from handlers.inspect.pool import PicturePool
from handlers.inspect.references import MediaRoot
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Sources
from handlers.runner.planning import PlanRequest
from tests.ledger import Ledger


@dataclass
class Room:
    """An inspector at work on a folder."""

    ledger: Ledger
    folder: Path
    inspector: Inspector
    found: asyncio.Event
    store: Store

    async def add(self, path: str, priority: int = 0) -> int:
        """Put a row into the platform and plan it, as an upload's event would."""
        media_id = int(await self.ledger.pool.fetchval("INSERT INTO media (path) VALUES ($1) RETURNING id", path))
        async with self.ledger.pool.acquire() as connection, connection.transaction():
            request = PlanRequest(media_id, priority=priority, source={"topic": "test"})
            await self.ledger.planner.plan_media(connection, [request])
        return media_id

    async def add_copies(self, count: int, priority: int = 0) -> list[int]:
        """So many media with the same picture, one after the other."""
        names = [f"{uuid4()}.png" for _ in range(count)]
        for name in names:
            (self.folder / name).hardlink_to(self.folder / "orange.png")
        return [await self.add(name, priority) for name in names]

    async def row(self, media_id: int) -> tuple[str | None, str | None, bool]:
        """(content hash, reason, still to be inspected)."""
        row = await self.ledger.pool.fetchrow(
            "SELECT m.content_hash, coalesce(m.unreadable, p.unreadable) AS reason, inspect_at IS NOT NULL AS open"
            " FROM bildwerk.media AS m LEFT JOIN bildwerk.pictures AS p USING (content_hash) WHERE m.id = $1",
            media_id,
        )
        return row["content_hash"], row["reason"], row["open"]


class Scripted:
    """A detector that says what it is told, and counts."""

    def __init__(self, *scores: float | None) -> None:
        self.scores, self.seen = list(scores), list[bytes]()

    async def score(self, jpeg: bytes) -> float | None:
        self.seen.append(jpeg)
        return self.scores.pop(0)


@asynccontextmanager
async def open_room(ledger: Ledger, place: Path) -> AsyncIterator[Room]:
    """A room with one picture in its folder, orange.png, and an inspector that looks again at once."""
    folder = place / "media"
    folder.mkdir()
    Image.new("RGB", (40, 30), "orange").save(folder / "orange.png")
    root, found = MediaRoot(folder), asyncio.Event()
    cache = RenditionCache(place / "cache", 1 << 24)
    async with PicturePool(Sources({"": root}), PictureLimits(), cache, 1) as pool:
        again, store = Backoff(tries=2, base=0.0, cap=0.0), Store(pool, poll=0.02)
        inspector = Inspector(ledger.pool, ledger.planner, store, found.set, again=again)
        yield Room(ledger, folder, inspector, found, store)
