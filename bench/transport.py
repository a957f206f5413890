"""What a model call costs this process: by httpx, by httpx over aiohttp's transport, and by what bildwerk does.

That is `handlers.inference.client.Ollama`: httpx over aiohttp, too, and besides it composes the request, picture and
all, bounds the answer, and checks it. The others send bytes that are there. CPU time of this process only; the server
is another one.
"""

import asyncio
import re
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, TypeAlias

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bildwerk.sandbox.process import Process, Program
from handlers.inference.client import Ollama
from handlers.inference.hosts import parse_hosts
from handlers.inference.layout import Question
from handlers.inference.options import InferenceOptions
from handlers.stage import Prompt

PARALLEL = 64
LISTENING = re.compile(r"^listening (\d+)$", re.MULTILINE)
PICTURES: Final = {"small": 0, "picture": 150_000}
"""Bytes of the prepared picture in a request: none, and a usual one, which is 200 kB in base64."""
TEXT: Final = 1_000
"""Bytes of a request without its picture."""
SECONDS: Final = 600.0
"""For all calls through one client: some seconds are usual. A limit on each call would be part of what is measured."""
Send: TypeAlias = Callable[[], Awaitable[object]]
Client: TypeAlias = Callable[[str, int], AbstractAsyncContextManager[Send]]


@asynccontextmanager
async def _plain(url: str, picture: int) -> AsyncIterator[Send]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=None, trust_env=False) as client:  # noqa: S113 - see SECONDS
        yield _post(client, url, picture)


@asynccontextmanager
async def _over_aiohttp(url: str, picture: int) -> AsyncIterator[Send]:
    transport = AiohttpTransport(client=_session)
    async with httpx.AsyncClient(transport=transport, timeout=None, trust_env=False) as client:  # noqa: S113 - see SECONDS
        yield _post(client, url, picture)


def _post(client: httpx.AsyncClient, url: str, picture: int) -> Send:
    body = b"x" * (TEXT + picture * 4 // 3)

    async def send() -> None:
        (await client.post(url, content=body)).raise_for_status()

    return send


def _session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)


@asynccontextmanager
async def _ours(url: str, picture: int) -> AsyncIterator[Send]:
    (host,) = parse_hosts(url)
    prompt, rendition = Prompt("x" * TEXT, num_predict=100), b"x" * picture or None
    question = Question("m", prompt, "en", rendition, {"type": "object"}, 1, "bench")
    async with Ollama([host], InferenceOptions("m")) as ollama:
        yield lambda: ollama.ask(host, question)


PLAIN = "httpx"
CLIENTS: dict[str, Client] = {PLAIN: _plain, "httpx over aiohttp": _over_aiohttp, "what bildwerk uses": _ours}


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Make the same calls through each client."""
    requests = PARALLEL * (2 if plan.quick else 10)
    async with AsyncExitStack() as exits:
        url = await _start_server(plan.folder, exits)
        for number in plan.numbers:
            yield {
                name: {
                    client: await _cost(CLIENTS[client], url, size, requests)
                    for client in take_turns([*CLIENTS], number)
                }
                for name, size in PICTURES.items()
            }


async def _cost(client: Client, url: str, picture: int, requests: int) -> float:
    """CPU milliseconds of this process for one call; connections are open already."""
    async with asyncio.timeout(SECONDS), client(url, picture) as send:

        async def send_some(count: int) -> None:
            for _ in range(count):
                await send()

        await asyncio.gather(*(send_some(1) for _ in range(PARALLEL)))
        began = time.process_time()
        await asyncio.gather(*(send_some(requests // PARALLEL) for _ in range(PARALLEL)))
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
    f"CPU time of one model call among {PARALLEL} parallel ones, by HTTP client",
    {
        "small": Table("CPU time of a call without a picture", "ms of CPU per call", PLAIN),
        "picture": Table("CPU time of a call with a picture of 150 kB", "ms of CPU per call", PLAIN),
    },
    measure,
)
