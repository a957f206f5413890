"""The mock cluster inside of librdkafka: a broker that answers with whatever error it is told to.

It comes with the wheel of confluent-kafka, whose Python part does not show it. Good for producers and readers without
a group; nothing is kept anywhere.
"""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import files
from typing import Any

PRODUCE = 0
"""The number of the request in Kafka's protocol."""
_PRODUCER, _TEXT_BYTES = 0, 512


@dataclass(frozen=True)
class MockKafka:
    """One broker."""

    library: Any
    cluster: ctypes.c_void_p
    address: str

    def create_topic(self, name: str, partitions: int = 1) -> None:
        """Make a topic."""
        assert self.library.rd_kafka_mock_topic_create(self.cluster, name.encode(), partitions, 1) == 0

    def refuse(self, codes: Sequence[int], request: int = PRODUCE) -> None:
        """Answer the next requests of a kind with these error codes of Kafka's protocol, one each."""
        numbers = (ctypes.c_int * len(codes))(*codes)
        push = self.library.rd_kafka_mock_push_request_errors_array
        push(self.cluster, ctypes.c_int16(request), ctypes.c_size_t(len(codes)), numbers)


@contextmanager
def start_mock_kafka() -> Iterator[MockKafka]:
    """Start one; it runs in a thread of this process."""
    (path,) = [file.locate() for file in files("confluent-kafka") or () if file.match("librdkafka-*.so*")]
    library = ctypes.CDLL(str(path))
    for name in ("rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    handle = ctypes.c_void_p(
        library.rd_kafka_new(_PRODUCER, None, ctypes.create_string_buffer(_TEXT_BYTES), _TEXT_BYTES)
    )
    cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(handle, 1))
    assert cluster.value
    try:
        yield MockKafka(library, cluster, library.rd_kafka_mock_cluster_bootstraps(cluster).decode())
    finally:
        library.rd_kafka_mock_cluster_destroy(cluster)
        library.rd_kafka_destroy(handle)
