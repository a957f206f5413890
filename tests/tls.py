"""Certificates that live as long as a test, and doors that put TLS in front of servers that have none."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.sasl import ask_password

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""What a PostgreSQL client sends first where it wants TLS."""
NO_ENCRYPTION = b"SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry, no encryption\0\0"


@dataclass(frozen=True)
class Authority:
    """A certificate authority and the folder where its files are."""

    ca: trustme.CA
    folder: Path

    @property
    def file(self) -> Path:
        """Its own certificate."""
        path = self.folder / "ca.pem"
        self.ca.cert_pem.write_to_path(str(path))
        return path

    def issue(self, *names: str, common_name: str | None = None) -> tuple[Path, Path]:
        """Files with a certificate for these names, and with its key."""
        issued = self.ca.issue_cert(*names, common_name=common_name)
        certificate, key = self.folder / f"{names[0]}.pem", self.folder / f"{names[0]}.key"
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        certificate.write_bytes(chain)
        key.write_bytes(issued.private_key_pem.bytes())
        return certificate, key

    def server(self, *names: str, asks: bool = False) -> ssl.SSLContext:
        """What a server of these names needs; `asks` for a certificate of this authority."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.issue(*names))
        if asks:
            self.ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def make_authority(folder: Path) -> Authority:
    """A new one."""
    folder.mkdir()
    return Authority(trustme.CA(), folder)


@asynccontextmanager
async def kafka_door(
    port: int, upstream: str, tls: ssl.SSLContext, users: Mapping[str, str] | None = None
) -> AsyncIterator[None]:
    """TLS at a port of 127.0.0.1, in front of a `host:port` that has none; with `users` also passwords."""
    host, _, number = upstream.rpartition(":")

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _join(reader, writer, host, int(number), users)

    async with await asyncio.start_server(accept, "127.0.0.1", port, ssl=tls):
        yield


@asynccontextmanager
async def postgres_door(upstream_port: int, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    """The port of a PostgreSQL that demands TLS as `hostssl` does, in front of one that has none; None: has no TLS."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(8)
        if first != SSL_REQUEST:
            writer.write(b"E" + (len(NO_ENCRYPTION) + 4).to_bytes(4, "big") + NO_ENCRYPTION)
            writer.close()
            return
        if tls is None:
            writer.write(b"N")
            writer.close()
            return
        writer.write(b"S")
        with suppress(OSError):
            await writer.start_tls(tls)
            await _join(reader, writer, "127.0.0.1", upstream_port)

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    host: str,
    port: int,
    users: Mapping[str, str] | None = None,
) -> None:
    there, back = await asyncio.open_connection(host, port)
    with suppress(asyncio.IncompleteReadError):
        if users is not None and not await ask_password((reader, writer), (there, back), users):
            there.feed_eof()
    await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while block := await reader.read(1 << 16):
            writer.write(block)
            await writer.drain()
    with suppress(OSError):
        writer.close()
        await writer.wait_closed()
