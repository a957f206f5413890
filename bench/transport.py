"""What a request costs this process: httpx by itself, and httpx over aiohttp's transport as `handlers.inference` does.

CPU time of this process only; the server is another one.
"""

import asyncio
import re
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bildwerk.sandbox.process import Process, Program

PARALLEL = 64
LISTENING = re.compile(r"^listening (\d+)$", re.MULTILINE)
BODIES = {"small": 1_000, "picture": 200_000}
"""Bytes of a request: one without a picture, and one with a prepared picture in base64."""


def _plain() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(limits=limits, timeout=None, trust_env=False)  # noqa: S113 - calls take minutes


def _over_aiohttp() -> httpx.AsyncClient:
    transport = AiohttpTransport(client=_session)
    return httpx.AsyncClient(transport=transport, timeout=None, trust_env=False)  # noqa: S113 - as above


def _session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)


PLAIN = "httpx"
CLIENTS: dict[str, Callable[[], httpx.AsyncClient]] = {PLAIN: _plain, "httpx over aiohttp": _over_aiohttp}


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Send the same requests through each client."""
    requests = PARALLEL * (2 if plan.quick else 10)
    async with AsyncExitStack() as exits:
        url = await _start_server(plan.folder, exits)
        for number in range(plan.rounds):
            yield {
                body: {name: await _cost(CLIENTS[name], url, size, requests) for name in take_turns([*CLIENTS], number)}
                for body, size in BODIES.items()
            }


async def _cost(make: Callable[[], httpx.AsyncClient], url: str, size: int, requests: int) -> float:
    """CPU milliseconds of this process for one request; connections are open already."""
    body = b"x" * size
    async with make() as client:

        async def send(count: int) -> None:
            for _ in range(count):
                (await client.post(url, content=body)).raise_for_status()

        await asyncio.gather(*(send(1) for _ in range(PARALLEL)))
        began = time.process_time()
        await asyncio.gather(*(send(requests // PARALLEL) for _ in range(PARALLEL)))
        return (time.process_time() - began) / requests * 1000


async def _start_server(folder: Path, exits: AsyncExitStack) -> str:
    log = folder / "server.log"
    process = await Process.start(Program("the trivial server", [sys.executable, "-m", "bench.trivial_server"], log))
    exits.push_async_callback(process.stop)

    async def ready() -> re.Match[str] | None:
        return LISTENING.search(log.read_text())

    return f"http://127.0.0.1:{(await process.wait_until(ready, 30.0))[1]}/"


COMPARISON = Comparison(
    "transport",
    f"CPU time of one request among {PARALLEL} parallel ones, by HTTP client",
    {
        body: Table(f"CPU time of a request of {size // 1000} kB", "ms of CPU per request", PLAIN)
        for body, size in BODIES.items()
    },
    measure,
)
