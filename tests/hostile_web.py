"""A web server that answers badly on purpose, and one inside that nobody from outside should ever reach."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from tests.handlers.inspect.corpus import JPEG

BOMB = gzip.compress(bytes(50_000_000), 9)
REDIRECTS = {"to": (302, "Location: {to}"), "cookie": (302, "Set-Cookie: a=b\r\nLocation: /picture.jpg")}
POURED = {
    "huge": ("Content-Length: 10000000000", bytes(65536), 0.0),
    "endless": ("Transfer-Encoding: chunked", b"10000\r\n" + bytes(65536) + b"\r\n", 0.0),
    "drip": (f"Content-Length: {len(JPEG)}", b"\xff", 0.1),
}
"""By name: a header, and what is sent again and again with a pause between (s)."""
BODIES = {
    "bomb": (f"Content-Encoding: gzip; Content-Length: {len(BOMB)}", BOMB),
    "cut": (f"Content-Length: {len(JPEG) + 1000}", JPEG),
    "empty": ("Content-Length: 0", b""),
}


@dataclass
class HostileWeb:
    """What it was asked, with which headers, and how many bytes it got rid of; `close` ends connections that hang."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    sent: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            target = head.split(" ")[1]
            self.asked.append(target)
            self.headers.append(head)
            path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
            await self._answer(writer, path, unquote(query.get("to", [""])[0]))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, path: str, to: str) -> None:
        name, _, number = path.strip("/").partition("/")
        if name == "status" or name in REDIRECTS:
            status, line = REDIRECTS.get(name, (int(number or 0), ""))
            self._head(writer, status, line.format(to=to), "Content-Length: 0")
        elif name == "hops" and number != "0":
            self._head(writer, 301, f"Location: /hops/{int(number) - 1}", "Content-Length: 0")
        elif name in POURED:
            line, piece, pause = POURED[name]
            self._head(writer, 200, line)
            await self._pour(writer, piece, pause)
        elif name == "silent":
            await self.over.wait()
        elif name == "noise":
            writer.write(b"\0\xff" * 1000)
        else:
            line, body = BODIES.get(name, (f"Content-Length: {len(JPEG)}", JPEG))
            self._head(writer, 200, *line.split("; "))
            writer.write(body)

    def _head(self, writer: asyncio.StreamWriter, status: int, *lines: str) -> None:
        text = "\r\n".join([f"HTTP/1.1 {status} X", "Connection: close", *filter(None, lines), "", ""])
        writer.write(text.encode("latin-1"))

    async def _pour(self, writer: asyncio.StreamWriter, piece: bytes, pause: float = 0.0) -> None:
        while not self.over.is_set():
            writer.write(piece)
            await writer.drain()
            self.sent += len(piece)
            await asyncio.sleep(pause)


@asynccontextmanager
async def hostile_web(address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator[HostileWeb]:
    """A server of that kind at an address of this computer. Raises OSError where there is no such address."""
    web = HostileWeb()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await web.serve(reader, writer)

    server = await asyncio.start_server(serve, address, 0, ssl=tls)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        web.over.set()
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)
