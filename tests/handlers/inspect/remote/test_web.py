"""Pictures on the web: a server that is away, and one that is back."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
import pytest_asyncio

from bildwerk.sandbox.process import find_free_port
from handlers.failures import Unavailable
from handlers.inspect.remote.web import PATIENCE, Web
from tests.handlers.inspect.corpus import JPEG
from tests.hostile_web import HostileWeb, hostile_web

NETWORKS = (ip_network("127.0.0.1/32"),)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[HostileWeb]:
    """Return a server that runs."""
    async with hostile_web() as running:
        yield running
        running.over.set()


def make(port: int, seconds: float = 10.0) -> Web:
    return Web({f"127.0.0.1:{port}"}, NETWORKS, seconds)


async def fetch(web: Web, url: str) -> bytes:
    return await web.fetch(web.locate(url), len(JPEG))


async def test_a_server_that_answers_is_there_whatever_it_says(server: HostileWeb) -> None:
    web = make(server.port)
    assert await fetch(web, f"http://127.0.0.1:{server.port}/picture.jpg") == JPEG
    await web.check(f"http://127.0.0.1:{server.port}")


async def test_nobody_at_an_address_is_an_outage() -> None:
    port = find_free_port()
    web, host = make(port), f"127.0.0.1:{port}"
    for ask in (fetch(web, f"http://{host}/a.jpg"), web.check(f"http://{host}")):
        with pytest.raises(Unavailable, match="store_unavailable"):
            await ask


async def test_a_name_that_leads_nowhere_is_an_outage() -> None:
    web = Web({"nobody.invalid"}, NETWORKS, 10.0)
    with pytest.raises(Unavailable, match="store_unavailable"):
        await fetch(web, "http://nobody.invalid/a.jpg")


async def test_what_is_too_slow_is_left_alone_for_long(server: HostileWeb) -> None:
    """Or somebody who sends a byte a minute would have a turn of ours all the time."""
    with pytest.raises(Unavailable) as failure:
        await fetch(make(server.port, 0.5), f"http://127.0.0.1:{server.port}/drip")
    assert failure.value.pause == 0.5 * PATIENCE
