"""E27: compressed batches that stand for far more than they are, or for nothing."""

import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.errors import CorruptRecordException, RecordTooLargeError
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from consumers.reader import PROBLEMS
from consumers.unfolding import (
    MOST_BYTES,
    bound_unfolding,
    unfold_gzip,
    unfold_lz4,
    unfold_snappy,
    unfold_zstd,
)

CODECS: dict[str, tuple[int, Callable[[bytes], Any], Callable[[bytes], bytes]]] = {
    "gzip": (1, gzip_encode, unfold_gzip),
    "snappy": (2, snappy_encode, unfold_snappy),
    "snappy in one block": (2, lambda data: snappy_encode(data, xerial_compatible=False), unfold_snappy),
    "lz4": (3, lz4_encode, unfold_lz4),
    "zstd": (4, zstd_encode, unfold_zstd),
}


@pytest.fixture(autouse=True)
def bounded() -> None:
    bound_unfolding()


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.binary(min_size=1, max_size=4000))
def test_what_was_folded_is_unfolded(codec: str, data: bytes) -> None:
    _, fold, unfold = CODECS[codec]
    assert unfold(bytes(fold(data * 30))) == data * 30


@pytest.mark.parametrize("codec", CODECS)
def test_it_ends_at_the_bound(codec: str) -> None:
    _, fold, unfold = CODECS[codec]
    assert len(unfold(fold(bytes(MOST_BYTES)))) == MOST_BYTES
    with pytest.raises(RecordTooLargeError):
        unfold(fold(bytes(MOST_BYTES + 1)))


def test_a_length_that_is_only_claimed_is_not_believed() -> None:
    with pytest.raises(RecordTooLargeError):
        unfold_snappy(b"\xff\xff\xff\xff\x0f" + b"a")


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.binary(max_size=80), cut=st.integers(0, 200))
def test_what_cannot_be_unfolded_is_damaged(codec: str, data: bytes, cut: int) -> None:
    _, fold, unfold = CODECS[codec]
    for spoilt in (data, bytes(fold(b"word" * 50))[:cut], b"\x82SNAPPY\x00" + data):
        with suppress(CorruptRecordException, RecordTooLargeError):
            assert len(unfold(spoilt)) <= MOST_BYTES


@pytest.mark.parametrize("number", range(1, 8))
def test_aiokafka_unfolds_by_it_and_raises_nothing_else(number: int) -> None:
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 1 << 20)
    builder.append(0, 1_700_000_000_000, b"k", b"garbage" * 9, [])
    raw = bytearray(builder.build())
    raw[22] = number  # the attributes say that it is compressed
    struct.pack_into(">I", raw, 17, calc_crc32c(bytes(raw[21:])))

    with pytest.raises(tuple(PROBLEMS)):
        list(MemoryRecords(bytes(raw)).next_batch())


@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
def test_a_bomb_is_not_unfolded_by_aiokafka(codec: str) -> None:
    builder = DefaultRecordBatchBuilder(2, CODECS[codec][0], False, -1, -1, -1, 1 << 30)
    builder.append(0, 1_700_000_000_000, b"k", bytes(2 * MOST_BYTES), [])

    with pytest.raises(RecordTooLargeError):
        list(MemoryRecords(bytes(builder.build())).next_batch())
