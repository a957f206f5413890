"""A network between two programs that a test can make worse: refuse, swallow everything, or cut what is open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from pathlib import Path
from typing import Self

from bildwerk.sandbox.broker import start_broker

CHUNK = 1 << 16


class Mode(Enum):
    """What becomes of connections and bytes."""

    FORWARD = "forward"
    REFUSE = "refuse"
    """Nobody listens, and what is open is cut."""
    BLACKHOLE = "blackhole"
    """As a firewall that drops packets: connections seem to open, nothing passes, and what was sent comes later."""


class TcpProxy:
    """Forwards one port of 127.0.0.1 to `target` (host, port), which may change; `port` stays the same all the time."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.mode = Mode.FORWARD
        self.port = 0
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()
        await self.cut()

    @property
    def address(self) -> str:
        """`host:port` that clients are given."""
        return f"127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._tasks)

    async def forward(self) -> None:
        """Be a good network again; what a black hole held back is delivered now."""
        self.mode = Mode.FORWARD
        self._open.set()
        if self._server is None:
            await self._listen()

    async def refuse(self) -> None:
        """Let nobody in and throw everybody out."""
        self.mode = Mode.REFUSE
        await self._close()
        await self.cut()

    async def blackhole(self) -> None:
        """Let nothing pass, without a word to either side."""
        if self._server is None:
            await self._listen()
        self.mode = Mode.BLACKHOLE
        self._open.clear()

    async def cut(self) -> None:
        """Reset every connection that is open; new ones are let in as the mode says."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connect(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            await self._open.wait()
            back, forth = await asyncio.open_connection(*self.target, limit=CHUNK)
            writers.append(forth)
            pumps = [asyncio.create_task(self._pump(reader, forth)), asyncio.create_task(self._pump(back, writer))]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            pass
        finally:
            for each in writers:
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Raises `OSError` where one side was reset: then the other is."""
        while data := await reader.read(CHUNK):
            await self._open.wait()
            writer.write(data)
            await writer.drain()
        await self._open.wait()
        writer.write_eof()


@asynccontextmanager
async def open_network(folder: Path) -> AsyncIterator[TcpProxy]:
    """A proxy with an embedded broker of its own behind it, which sends every client through it."""
    async with TcpProxy(("127.0.0.1", 0)) as proxy:
        process, address = await start_broker(folder, proxy.address)
        proxy.target = ("127.0.0.1", int(address.rpartition(":")[2]))
        yield proxy
        await process.stop()
