"""Pictures in buckets: what is read, and whose trouble each trouble is."""

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from bildwerk.sandbox.process import Process, Program, find_free_port
from consumers.store import Store
from handlers.failures import Failure, Invalid, Unavailable
from handlers.inspect.limits import PictureLimits
from handlers.inspect.pool import PicturePool
from handlers.inspect.remote.buckets import Account, Buckets
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Sources
from tests.handlers.inspect.corpus import JPEG
from tests.object_store import KEY_ID
from tests.stores import come_back

REPOSITORY = Path(__file__).parents[4]
LARGEST = 100_000


@dataclass
class Shop:
    """A server, and its buckets `photos` and `scans` as somebody with the right key sees them."""

    address: str
    client: httpx.AsyncClient
    buckets: Callable[..., Buckets]

    async def put(self, name: str, data: bytes) -> None:
        (await self.client.put(f"/{name}", content=data)).raise_for_status()

    async def spoil(self, name: str, **fault: object) -> None:
        (await self.client.put("/-/faults", content=json.dumps({name: fault}))).raise_for_status()

    async def heal(self) -> None:
        (await self.client.put("/-/faults", content="{}")).raise_for_status()

    async def seen(self) -> list[str]:
        names: list[str] = (await self.client.get("/-/seen")).json()
        return names


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """Return a running server with one picture in each bucket."""
    port = find_free_port()
    argv = [sys.executable, "-m", "tests.object_store", str(port)]
    process = await Process.start(Program("object store", argv, tmp_path / "store.log", cwd=REPOSITORY))
    address = f"http://127.0.0.1:{port}"

    def make(key_id: str = KEY_ID, secret: str = "secret", seconds: float = 10.0, endpoint: str = address) -> Buckets:
        return Buckets.of(("photos", "scans"), Account(endpoint, "us-east-1", key_id, secret), seconds)

    async with httpx.AsyncClient(base_url=address) as client:
        shop = Shop(address, client, make)

        async def ready() -> bool | None:
            try:
                await client.get("/-/seen")
            except httpx.ConnectError:
                return None
            return True

        await process.wait_until(ready, 30.0)
        await shop.put("photos/2024/a b ü%.jpg", JPEG)
        await shop.put("scans/a.jpg", JPEG)
        yield shop
    await process.stop()


async def fetch(buckets: Buckets, reference: str) -> bytes:
    return await buckets.fetch(buckets.locate(reference), LARGEST)


async def fail(buckets: Buckets, reference: str) -> Failure:
    with pytest.raises(Failure) as caught:
        await fetch(buckets, reference)
    return caught.value


async def test_an_object_is_read_by_its_key_as_it_is(shop: Shop) -> None:
    assert await fetch(shop.buckets(), "s3://photos/2024/a b ü%.jpg") == JPEG


async def test_only_buckets_that_are_named_are_asked(shop: Shop) -> None:
    await shop.put("private/a.jpg", JPEG)
    for reference in (
        "s3://private/a.jpg", "s3://photos", "s3://photos/", "s3:///a.jpg", "s3://photos/../private/a.jpg",
        "s3://photos/..", "s3://photos@private/a.jpg", "s3://PHOTOS/a.jpg", "s3://photos/" + "a" * 1025,
        "s3://photos/a\0b",
    ):  # fmt: skip
        failure = await fail(shop.buckets(), reference)
        assert (type(failure), failure.reason) == (Invalid, "bad_reference")
    assert await shop.seen() == []


async def test_a_missing_object_is_missing_and_a_missing_bucket_is_away(shop: Shop) -> None:
    failure = await fail(shop.buckets(), "s3://photos/nowhere.jpg")
    assert (type(failure), failure.reason) == (Invalid, "missing_file")

    buckets = Buckets.of(("gone",), Account(shop.address, "us-east-1", KEY_ID, "secret"))
    failure = await fail(buckets, "s3://gone/a.jpg")
    assert (type(failure), failure.reason) == (Unavailable, "store_unavailable")


async def test_a_key_that_nobody_knows_fails_no_picture(shop: Shop) -> None:
    failure = await fail(shop.buckets(key_id="AKIAEXPIRED"), "s3://scans/a.jpg")
    assert (type(failure), failure.reason) == (Unavailable, "store_unavailable")


async def test_one_object_that_is_denied_is_its_own_trouble(shop: Shop) -> None:
    await shop.spoil("scans/a.jpg", status=403, code="AccessDenied")
    failure = await fail(shop.buckets(), "s3://scans/a.jpg")
    assert (type(failure), failure.reason) == (Invalid, "permission_denied")


@pytest.mark.parametrize(
    "fault", [{"status": 503, "code": "SlowDown"}, {"status": 500}, {"wait": 30}, {"cut": 100}, {"status": 400}]
)
async def test_trouble_of_the_store_is_an_outage(shop: Shop, fault: dict[str, object]) -> None:
    await shop.spoil("*", **fault)
    failure = await fail(shop.buckets(seconds=1.0), "s3://scans/a.jpg")
    assert (type(failure), failure.reason) == (Unavailable, "store_unavailable")


async def test_a_store_where_nobody_listens_is_away(shop: Shop) -> None:
    nowhere = f"http://127.0.0.1:{find_free_port()}"
    failure = await fail(shop.buckets(endpoint=nowhere, seconds=2.0), "s3://scans/a.jpg")
    assert (type(failure), failure.reason) == (Unavailable, "store_unavailable")


async def test_sizes_are_held_to(shop: Shop) -> None:
    await shop.put("scans/empty.jpg", b"")
    await shop.put("scans/large.jpg", bytes(LARGEST + 1))
    await shop.put("scans/just.jpg", bytes(LARGEST))
    assert (await fail(shop.buckets(), "s3://scans/empty.jpg")).reason == "empty_file"
    assert (await fail(shop.buckets(), "s3://scans/large.jpg")).reason == "file_too_large"
    assert len(await fetch(shop.buckets(), "s3://scans/just.jpg")) == LARGEST

    await shop.spoil("scans/a.jpg", claim=10_000_000_000)
    assert (await fail(shop.buckets(), "s3://scans/a.jpg")).reason == "file_too_large"


async def test_no_secret_is_told(shop: Shop) -> None:
    account = Account(shop.address, "us-east-1", KEY_ID, "canary-secret", "canary-token")
    assert "canary" not in repr(account)
    assert KEY_ID not in repr(account)
    await shop.spoil("*", status=503)
    failure = await fail(shop.buckets(secret="canary-secret", seconds=1.0), "s3://scans/a.jpg")
    assert "canary" not in failure.detail


async def test_pictures_are_decoded_from_the_very_bytes_and_one_bucket_stops_no_other(
    shop: Shop, tmp_path: Path
) -> None:
    """P4, M19: the child hashes what it was sent; a bucket that is away is waited for, and found again."""
    content_hash = hashlib.sha256(JPEG).hexdigest()
    cache = RenditionCache(tmp_path / "cache", 1 << 20)
    sources = Sources({}, {"s3": shop.buckets(seconds=10.0)})
    async with PicturePool(sources, PictureLimits(), cache, 1) as pool:
        store = Store(pool, poll=0.02)
        seen = await store.inspect("s3://scans/a.jpg")
        assert (seen.content_hash, seen.size, seen.picture.unreadable) == (content_hash, len(JPEG), None)
        assert seen.picture.measures
        assert await store.rendition("s3://scans/a.jpg", content_hash)
        await shop.spoil("scans/a.jpg", status=503)
        with pytest.raises(Unavailable):
            await store.hash("s3://scans/a.jpg")
        assert await store.hash("s3://photos/2024/a b ü%.jpg") == content_hash
        await shop.heal()
        await asyncio.wait_for(come_back(store), 30)
        assert await store.hash("s3://scans/a.jpg") == content_hash
