"""What stands in line at a store elsewhere: workers, who hold slots, do not stand behind the inspector."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from consumers.store import Store
from handlers.failures import Unavailable
from handlers.inference.health import Breaker
from handlers.inspect.limits import PictureLimits
from handlers.inspect.places import Place
from handlers.inspect.pool import PicturePool
from handlers.inspect.references import MediaRoot
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Sources
from tests.handlers.inspect.corpus import JPEG

HASH = hashlib.sha256(JPEG).hexdigest()
PATIENCE = 90.0


@dataclass(eq=False)
class Slow:
    """Buckets, or web servers without any `stores`, that hold back what is called hangs until they are let go."""

    stores: tuple[str, ...] = ()
    free: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    def locate(self, reference: str) -> Place:
        store, _, name = reference.rpartition("/")
        return Place(store, name)

    async def fetch(self, place: Place, max_bytes: int) -> bytes:  # noqa: ARG002 - the protocol's
        self.asked.append(place.name)
        if place.name == "hangs":
            await self.free.wait()
        return JPEG

    async def check(self, store: str) -> None:
        """It is there."""


@asynccontextmanager
async def open_store(remote: Slow, place: Path, processes: int = 1) -> AsyncIterator[Store]:
    """A store of this remote, and of a media root with nothing in it."""
    place.mkdir(exist_ok=True)
    cache = RenditionCache(place / "cache", 1 << 20)
    sources = Sources({"": MediaRoot(place)}, {"s3": remote, "http": remote})
    async with PicturePool(sources, PictureLimits(), cache, processes) as pool:
        yield Store(pool, poll=0.02)


@asynccontextmanager
async def hanging(store: Store, remote: Slow, at_once: int = 2) -> AsyncIterator[None]:
    """Sixteen looks of the inspector, of which so many are under way and hang."""
    looks = [asyncio.create_task(store.inspect("s3://shelf/hangs")) for _ in range(16)]
    try:
        async with asyncio.timeout(PATIENCE):
            while remote.asked.count("hangs") < at_once:
                await asyncio.sleep(0.01)
        yield
    finally:
        remote.free.set()
        await asyncio.gather(*looks)


async def test_a_rendition_that_is_there_waits_for_nobody(tmp_path: Path) -> None:
    remote = Slow(("s3://shelf",))
    async with open_store(remote, tmp_path / "place") as store:
        expected = await store.rendition("s3://shelf/good", HASH)
        async with hanging(store, remote), asyncio.timeout(PATIENCE):
            assert await store.rendition("s3://shelf/good", HASH) == expected
    assert remote.asked.count("good") == 1


async def test_what_a_worker_waits_for_does_not_stand_behind_the_inspector(tmp_path: Path) -> None:
    """A rendition that is not there any more, and the hash of a file whose mark moved during the call."""
    remote = Slow(("s3://shelf",))
    async with open_store(remote, tmp_path / "place") as store, hanging(store, remote), asyncio.timeout(PATIENCE):
        assert await store.rendition("s3://shelf/good", HASH)
        assert await store.hash("s3://shelf/good") == HASH
        assert remote.asked.count("hangs") == 2


async def test_a_rendition_that_is_there_is_not_given_while_its_store_is_away(tmp_path: Path) -> None:
    remote = Slow(("s3://shelf",))
    async with open_store(remote, tmp_path / "place") as store:
        await store.rendition("s3://shelf/good", HASH)
        store.breakers["s3://shelf"] = Breaker(since=0.0, reason="store_unavailable")
        with pytest.raises(Unavailable, match="store_unavailable"):
            await store.rendition("s3://shelf/good", HASH)


async def test_a_bucket_is_asked_for_as_many_pictures_as_there_are_decoders(tmp_path: Path) -> None:
    remote = Slow(("s3://shelf",))
    async with open_store(remote, tmp_path / "place", 5) as store, hanging(store, remote, 5):
        assert remote.asked.count("hangs") == 5


async def test_a_server_of_somebody_else_is_asked_for_two_at_a_time(tmp_path: Path) -> None:
    remote = Slow()
    async with open_store(remote, tmp_path / "place", 5) as store, hanging(store, remote):
        other = asyncio.create_task(store.inspect("http://other.test/hangs"))
        async with asyncio.timeout(PATIENCE):
            while len(remote.asked) < 3:
                await asyncio.sleep(0.01)
        assert remote.asked.count("hangs") == 3
        remote.free.set()
        await other
