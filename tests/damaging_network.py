"""A network that damages what a broker answers."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

DAMAGED = (b"DAMAGE-ME", b"DAMAGE-md")


@asynccontextmanager
async def damaging_network(address: str) -> AsyncIterator[str]:
    """A network between client and broker that changes one word in what the broker answers: a wrong checksum."""
    host, _, port = address.rpartition(":")

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *words: tuple[bytes, bytes]) -> None:
        try:
            while True:
                size = await reader.readexactly(4)
                frame = await reader.readexactly(struct.unpack(">i", size)[0])
                for word, other in words:
                    frame = frame.replace(word, other)
                writer.write(size + frame)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_broker, to_broker = await asyncio.open_connection(host, int(port))
        ports = (struct.pack(">i", int(port)), struct.pack(">i", own_port))  # the broker advertises its own
        await asyncio.gather(forward(reader, to_broker), forward(from_broker, writer, ports, DAMAGED))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    own_port = server.sockets[0].getsockname()[1]
    yield f"127.0.0.1:{own_port}"
    server.close()
