"""Stores of pictures: one breaker each, so that one that is away stops nobody else."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from consumers.store import PROBES, Store
from handlers.failures import Invalid, Unavailable
from handlers.inference.health import Breaker
from handlers.inspect.limits import PictureLimits
from handlers.inspect.places import Place
from handlers.inspect.pool import PicturePool
from handlers.inspect.references import MediaRoot
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Sources
from tests.handlers.inspect.corpus import JPEG
from tests.stores import come_back


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Return a store of an unnamed root and one called scans, each with a picture in it."""
    roots = {}
    for name in ("", "scans"):
        folder = tmp_path / f"root-{name}"
        folder.mkdir()
        (folder / "a.jpg").write_bytes(JPEG + name.encode())
        roots[name] = MediaRoot(folder)
    cache = RenditionCache(tmp_path / "cache", 1 << 20)
    async with PicturePool(Sources(roots), PictureLimits(), cache, 1) as pool:
        yield Store(pool, poll=0.02)


async def test_each_name_leads_to_its_own_root(store: Store) -> None:
    for reference, name in (("a.jpg", ""), ("scans:a.jpg", "scans")):
        content_hash = hashlib.sha256(JPEG + name.encode()).hexdigest()
        assert (await store.inspect(reference)).content_hash == content_hash
        assert await store.hash(reference) == content_hash
        assert await store.rendition(reference, content_hash)
    with pytest.raises(Invalid, match="bad_reference"):
        await store.hash("fotos:a.jpg")


@pytest.mark.parametrize("traverse", ["scans:../root-/a.jpg", "scans:{0}/a.jpg", "scans:file://{0}/a.jpg"])
async def test_no_name_leads_into_another_root(store: Store, tmp_path: Path, traverse: str) -> None:
    with pytest.raises(Invalid, match="bad_reference"):
        await store.hash(traverse.format(tmp_path / "root-"))


async def test_a_root_that_is_away_stops_nobody_else(store: Store, tmp_path: Path) -> None:
    away = (tmp_path / "root-scans").rename(tmp_path / "away")
    with pytest.raises(Unavailable, match="media_root_unavailable") as failure:
        await store.inspect("scans:a.jpg")

    assert failure.value.pause >= 2
    assert store.is_available()
    assert (await store.inspect("a.jpg")).content_hash

    away.rename(tmp_path / "root-scans")
    await come_back(store)
    assert (await store.inspect("scans:a.jpg")).content_hash


async def test_nothing_is_available_when_every_root_is_away(store: Store, tmp_path: Path) -> None:
    for name in ("root-", "root-scans"):
        (tmp_path / name).rename(tmp_path / f"away-{name}")
    for reference in ("a.jpg", "scans:a.jpg"):
        with pytest.raises(Unavailable):
            await store.inspect(reference)

    assert not store.is_available()


async def test_a_store_that_is_away_is_not_asked(store: Store, tmp_path: Path) -> None:
    """What hangs there would hold up the decoders of everybody else."""
    away = (tmp_path / "root-scans").rename(tmp_path / "away")
    with pytest.raises(Unavailable):
        await store.inspect("scans:a.jpg")
    away.rename(tmp_path / "root-scans")

    with pytest.raises(Unavailable):
        await store.inspect("scans:a.jpg")


async def test_back_is_called_when_one_is_back(store: Store, tmp_path: Path) -> None:
    called = asyncio.Event()
    store.back = called.set
    away = (tmp_path / "root-scans").rename(tmp_path / "away")
    with pytest.raises(Unavailable):
        await store.inspect("scans:a.jpg")
    away.rename(tmp_path / "root-scans")
    await come_back(store)

    assert called.is_set()


async def test_what_waits_behind_a_silent_server_is_not_kept_waiting_by_it_too(tmp_path: Path) -> None:
    asked: list[str] = []

    class Silent:
        stores = ()

        def locate(self, reference: str) -> Place:
            return Place("http://away.test:80", reference)

        async def fetch(self, place: Place, max_bytes: int) -> bytes:  # noqa: ARG002 - the protocol's
            asked.append(place.name)
            await asyncio.sleep(0.01)
            raise Unavailable("store_unavailable")

        async def check(self, store: str) -> None:
            """It says that it is there."""

    cache = RenditionCache(tmp_path / "cache", 1 << 20)
    async with PicturePool(Sources({}, {"http": Silent()}), PictureLimits(), cache, 1) as pool:
        store = Store(pool, poll=0.02)
        ended = await asyncio.gather(
            *(store.inspect(f"http://away.test/{n}") for n in range(16)), return_exceptions=True
        )
        assert (len(ended), len(asked)) == (16, 2)

        pauses = []
        for _ in range(3):
            await come_back(store)
            with pytest.raises(Unavailable) as failure:
                await store.inspect("http://away.test/9")
            pauses.append(failure.value.pause)
        assert pauses == [2, 4, 8]


async def test_a_mistake_of_ours_in_looking_for_a_store_leaves_it_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    async def break_down(_: Sources, name: str) -> None:
        looked.append(name)
        raise ZeroDivisionError

    monkeypatch.setattr(Sources, "check", break_down)
    store.breakers["scans"] = Breaker(since=0.0)
    stop = asyncio.Event()
    with capture_logs() as logs:
        running = asyncio.create_task(store.run(stop))
        async with asyncio.timeout(20):
            while not looked or store._probes:
                await asyncio.sleep(0.01)
        stop.set()
        await running

    assert "store.broken" in {entry["event"] for entry in logs}
    assert not store._is_closed("scans")


async def test_few_of_many_servers_are_looked_for_at_a_time(tmp_path: Path) -> None:
    looking: list[str] = []

    class Hanging:
        stores = ()

        async def check(self, store: str) -> None:
            looking.append(store)
            await asyncio.Event().wait()

    cache = RenditionCache(tmp_path / "cache", 1 << 20)
    async with PicturePool(Sources({}, {"http": Hanging()}), PictureLimits(), cache, 1) as pool:  # type: ignore[dict-item]
        store, stop = Store(pool, poll=0.01), asyncio.Event()
        store.breakers = {f"http://{n}.test:80": Breaker(since=0.0) for n in range(100)}
        running = asyncio.create_task(store.run(stop))
        await asyncio.sleep(0.3)
        assert len(looking) == PROBES
        stop.set()
        await running
