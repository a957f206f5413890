"""A real Apache Kafka of one node for the tests: what `bildwerk sandbox up --broker apache-kafka` starts."""

import sys
from pathlib import Path

import pytest

from bildwerk.sandbox.apache_kafka import Node as Kafka
from bildwerk.sandbox.apache_kafka import start_cluster
from bildwerk.sandbox.failure import ProgramMissing, SandboxError
from bildwerk.sandbox.kafka_jars import KafkaProgram, prepare_kafka
from tests.brokers import ASKED

__all__ = ["Kafka", "fetch_kafka", "start_kafka"]


async def fetch_kafka() -> KafkaProgram:
    """Return what runs Kafka; skips the test where it cannot be had."""
    if ASKED == "0":
        pytest.skip("TEST_KAFKA=0: no Apache Kafka is wanted")
    try:
        return await prepare_kafka(lambda text: print(text, file=sys.__stderr__))
    except ProgramMissing as error:
        pytest.skip(str(error))
    except SandboxError as error:
        error.add_note("TEST_KAFKA=0 leaves out all tests on Apache Kafka")
        raise


async def start_kafka(folder: Path, program: KafkaProgram) -> Kafka:
    """Start a broker on free ports."""
    return (await start_cluster(program, folder)).nodes[0]
