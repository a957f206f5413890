"""The part of a Kafka broker that asks for a password, by PLAIN, in front of one that asks for none."""

import asyncio
import struct
from collections.abc import Mapping

HANDSHAKE, AUTHENTICATE = 17, 36
UNSUPPORTED_MECHANISM, AUTHENTICATION_FAILED = 33, 58
REFUSAL = b"Authentication failed"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ask_password(client: Streams, broker: Streams, users: Mapping[str, str]) -> bool:
    """Pass requests on until the client has proved who it is; False: it has not, and was told so."""
    while True:
        frame = await _read_frame(client[0])
        key, version, correlation, length = struct.unpack_from(">hhih", frame)
        body = frame[10 + max(length, 0) :]
        if key == HANDSHAKE:
            error = 0 if body[2:] == b"PLAIN" else UNSUPPORTED_MECHANISM
            _write_frame(client[1], struct.pack(">ihih", correlation, error, 1, 5) + b"PLAIN")
        elif key == AUTHENTICATE:
            _, user, password = body[4:].split(b"\0")
            known = users.get(user.decode()) == password.decode()
            said = struct.pack(">h", -1) if known else struct.pack(">h", len(REFUSAL)) + REFUSAL
            error = 0 if known else AUTHENTICATION_FAILED
            lifetime = struct.pack(">q", 0) if version > 0 else b""
            _write_frame(client[1], struct.pack(">ih", correlation, error) + said + struct.pack(">i", 0) + lifetime)
            return known
        else:
            _write_frame(broker[1], frame)
            _write_frame(client[1], await _read_frame(broker[0]))


async def _read_frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(length)


def _write_frame(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(struct.pack(">i", len(frame)) + frame)
