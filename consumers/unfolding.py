"""Compressed batches, unfolded up to a bound: some kilobytes may stand for gigabytes, and aiokafka would take them all.

It has no setting for that, so its decoders are replaced by these.
"""

import gzip
from collections.abc import Callable
from functools import partial
from io import BytesIO
from types import ModuleType
from typing import Any, Final, TypeAlias

import numpy as np
from aiokafka.codec import cramjam, snappy_decode  # its own dependency for these three
from aiokafka.errors import CorruptRecordException, RecordTooLargeError
from aiokafka.record import default_records as plain_records
from aiokafka.record import legacy_records as plain_legacy
from aiokafka.record._crecords import default_records as quick_records
from aiokafka.record._crecords import legacy_records as quick_legacy

MOST_BYTES: Final = 64 << 20
"""Of one batch. Producers send a megabyte at a time as they come, before compression."""

Payload: TypeAlias = Any
"""Whatever holds bytes: aiokafka hands over views."""

_XERIAL_HEADER = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES = 16


def bound_unfolding() -> None:
    """Let aiokafka unfold batches by our decoders, in this process from now on; may be called again."""
    for module in (plain_records, plain_legacy, quick_records, quick_legacy):
        _replace(module)


def unfold_gzip(payload: Payload) -> bytes:
    """Raises RecordTooLargeError, CorruptRecordException; as all of these do."""
    return _guard(_read_gzip, payload)


def unfold_snappy(payload: Payload) -> bytes:
    """In one block, or in many as Java's library writes them."""
    return _guard(_read_snappy, payload)


def unfold_zstd(payload: Payload) -> bytes:
    """Any frames."""
    return _guard(partial(_read_into, cramjam.zstd.decompress_into), payload)


def unfold_lz4(payload: Payload) -> bytes:
    """Any frames."""
    return _guard(partial(_read_into, cramjam.lz4.decompress_into), payload)


_DECODERS = {"gzip_decode": unfold_gzip, "snappy_decode": unfold_snappy, "zstd_decode": unfold_zstd,
             "lz4_decode": unfold_lz4}  # fmt: skip


def _replace(module: ModuleType) -> None:
    for name, decoder in _DECODERS.items():
        if hasattr(module, name):
            setattr(module, name, decoder)


def _guard(read: Callable[[Payload], bytes], payload: Payload) -> bytes:
    try:
        return read(payload)
    except RecordTooLargeError:
        raise
    except Exception as error:
        raise CorruptRecordException(f"a batch that cannot be unfolded: {type(error).__name__}") from error


def _read_gzip(payload: Payload) -> bytes:
    with gzip.GzipFile(fileobj=BytesIO(payload)) as file:
        data = file.read(MOST_BYTES + 1)
    return data if len(data) <= MOST_BYTES else _refuse()


def _read_snappy(payload: Payload) -> bytes:
    view = memoryview(payload).cast("B")
    blocks = _split(view) if view[:8] == _XERIAL_HEADER else [view]
    if sum(cramjam.snappy.decompress_raw_len(block) for block in blocks) > MOST_BYTES:
        _refuse()
    return bytes(snappy_decode(payload))


def _split(view: memoryview) -> list[memoryview]:
    blocks, place = [], _XERIAL_HEADER_BYTES
    while place < len(view):
        size = int.from_bytes(view[place : place + 4])
        blocks.append(view[place + 4 : place + 4 + size])
        place += 4 + size
    return blocks


def _read_into(decompress_into: Callable[[Payload, Payload], int], payload: Payload) -> bytes:
    room = np.empty(MOST_BYTES, np.uint8)  # memory that nobody writes to is none
    try:
        size = decompress_into(bytes(payload), room)
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):
            _refuse()
        raise
    return room[:size].tobytes()


def _refuse() -> bytes:
    raise RecordTooLargeError(f"a batch of more than {MOST_BYTES} bytes when it is unfolded")
