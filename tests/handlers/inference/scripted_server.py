"""A server on a real socket that says, byte for byte, what a test wants said."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Exchange:
    """One request as it came, and the wire to answer on. `gone` is set when the client has hung up."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    async def send(self, data: bytes) -> None:
        """Put these bytes on the wire."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int, body: object, content_type: str = "application/json; charset=utf-8") -> None:
        """A whole answer; anything but bytes goes out as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n"
        await self.send(head.encode() + content)

    def reset(self) -> None:
        """Break the connection off."""
        self.writer.transport.abort()


Script = Callable[[Exchange], Awaitable[None]]


@dataclass
class ScriptedServer:
    """Where it listens, and what it was asked."""

    url: str
    exchanges: list[Exchange] = field(default_factory=list)


@asynccontextmanager
async def scripted_server(script: Script) -> AsyncIterator[ScriptedServer]:
    """Serve every request with `script`."""
    scripted = ScriptedServer("")
    tasks: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
                first, *lines = head.strip().split("\r\n")
                method, path, _ = first.split(" ")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                exchange = Exchange(method, path, headers, body, writer)
                scripted.exchanges.append(exchange)
                answering = asyncio.ensure_future(script(exchange))
                leaving = asyncio.ensure_future(_wait_for_end(reader))
                await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if leaving.done():
                    exchange.gone.set()
                leaving.cancel()
                answering.cancel() if leaving.done() else await answering
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(converse(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=1 << 24)
    host, port = server.sockets[0].getsockname()[:2]
    scripted.url = f"http://{host}:{port}"
    try:
        yield scripted
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _wait_for_end(reader: asyncio.StreamReader) -> None:
    """Until the client hangs up, without taking what belongs to its next request."""
    while not reader.at_eof() and reader.exception() is None:
        await asyncio.sleep(0.005)
