"""Pictures in buckets, on the web and in named roots are described like all others; their outages fail nothing."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from bildwerk.sandbox.process import Process, Program, find_free_port
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.invariants import gather
from tests.acceptance.pages import open_client
from tests.acceptance.pictures import draw
from tests.acceptance.world import CAPTION, REPOSITORY
from tests.hostile_web import hostile_web
from tests.object_store import KEY_ID

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "canary-secret-of-the-bucket"


@pytest_asyncio.fixture(loop_scope="session")
async def shop(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of an object store that runs, with eight pictures in its bucket photos."""
    port = find_free_port()
    argv = [sys.executable, "-m", "tests.object_store", str(port)]
    process = await Process.start(Program("object store", argv, tmp_path / "store.log", cwd=REPOSITORY))
    async with open_client(port) as client:

        async def ready() -> bool | None:
            try:
                await client.get("/-/seen")
            except httpx.ConnectError:
                return None
            return True

        await process.wait_until(ready, 30.0)
        for number in range(8):
            await client.put(f"/photos/2024/{number}.jpg", content=draw(8000 + number))
        yield client
    await process.stop()


async def test_pictures_elsewhere_are_described_and_an_outage_stops_only_its_own(
    make: MakeWorld, shop: httpx.AsyncClient, tmp_path: Path
) -> None:
    world = await make(*QUICK)
    (tmp_path / "secret").write_text(SECRET + "\n")
    await shop.put("/-/faults", content='{"*": {"status": 503}}')
    async with hostile_web() as web:
        world.settings |= {
            "cache_bytes": "1", "job_types": CAPTION, "reference_seconds": "5",
            "s3_buckets": "photos", "s3_endpoint": str(shop.base_url).rstrip("/"), "s3_access_key_id": KEY_ID,
            "s3_secret_access_key_file": str(tmp_path / "secret"),
            "http_references": f"127.0.0.1:{web.port}", "http_allowed_networks": "127.0.0.1",
        }  # fmt: skip
        service = await world.serve()
        assert await service.process.wait() not in (0, None)
        assert "bucket s3://photos: cannot be listed" in service.log
        assert SECRET not in service.log

        await shop.put("/-/faults", content="{}")
        service = await world.serve()
        await service.started()
        await shop.put("/-/faults", content='{"*": {"status": 503}}')
        stored = await world.add_paths(f"s3://photos/2024/{number}.jpg" for number in range(8))
        linked = await world.add_paths([f"http://127.0.0.1:{web.port}/picture.jpg"])
        local = await world.add(4)
        await world.wire.created([*stored, *linked, *local])
        await world.settled([*linked, *local], jobs=1)
        assert await world.statuses([*linked, *local]) == {"done": 5}
        assert (await world.statuses(stored))["skipped"] == 0

        await shop.put("/-/faults", content="{}")
        await world.settled(stored, jobs=1)
        assert await world.statuses() == {"done": 13}
    (await gather(world)).check()
    assert {event["store"] for event in service.events("store.away")} == {"s3:photos"}
    assert SECRET not in service.log
    assert "picture.jpg" not in service.log
