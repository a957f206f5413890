"""The brokers that the tests run against: the embedded one always, Apache Kafka where Java and Maven are."""

import os
from dataclasses import dataclass

import pytest

from bildwerk.sandbox.apache_kafka import Node

ASKED = os.environ.get("TEST_KAFKA", "")
"""1: all tests of Apache Kafka, also those that take long; 0: none; otherwise the quick ones."""
KINDS = ("embedded", "apache_kafka")
on_request = pytest.mark.skipif(ASKED != "1", reason="takes long on a real Kafka: make test-kafka")


@dataclass(frozen=True)
class Broker:
    """Where Kafka is, and what sets the kinds apart.

    The embedded broker knows no idempotent producer. A real one takes no session shorter than 6 seconds and, as it
    comes, no message over a megabyte (`bounded`).
    """

    address: str
    idempotence: bool = False
    session_timeout: float = 2.0
    bounded: bool = False


def as_broker(node: Node) -> Broker:
    """A node of Apache Kafka as clients see it."""
    return Broker(node.address, idempotence=True, session_timeout=6.0, bounded=True)
