"""How a pool and its children talk: frames of a JSON header and a block of bytes.

JSON, not pickle: a decoder that was taken over may send anything, and must not become code in its
parent.
"""

import json
import struct
from typing import Any, BinaryIO

LENGTHS = struct.Struct(">II")
MAX_HEADER = 1024 * 1024
"""Bytes: a picture's prompts may be 40 000 characters, of which JSON makes twelve bytes each."""
MAX_BLOCK = 64 * 1024 * 1024

Header = dict[str, Any]


def pack(header: Header, block: bytes = b"") -> bytes:
    """One frame."""
    encoded = json.dumps(header).encode()
    return LENGTHS.pack(len(encoded), len(block)) + encoded + block


def lengths(prefix: bytes) -> tuple[int, int]:
    """Lengths of the header and the block that follow. Raises ValueError if out of bounds."""
    header, block = LENGTHS.unpack(prefix)
    if header > MAX_HEADER or block > MAX_BLOCK:
        raise ValueError((header, block))
    return header, block


def unpack_header(encoded: bytes) -> Header:
    """The header of a frame. Raises ValueError if it is none."""
    header = json.loads(encoded)
    if not isinstance(header, dict):
        raise ValueError(type(header))  # noqa: TRY004 - one kind of error for every broken frame
    return header


def read_frame(pipe: BinaryIO) -> tuple[Header, bytes] | None:
    """The next frame of the parent, whom a child believes any length, or None at the end of the pipe. Blocks."""
    prefix = pipe.read(LENGTHS.size)
    if len(prefix) < LENGTHS.size:
        return None
    header, block = LENGTHS.unpack(prefix)
    return unpack_header(pipe.read(header)), pipe.read(block)
