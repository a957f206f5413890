"""Worlds on the Apache Kafka of the run."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.acceptance.world import World, make_world
from tests.brokers import as_broker
from tests.kafka_real.broker import Kafka

QUICK = ("--picture-seconds", "0.1", "--token-seconds", "0.0005", "--load-seconds", "0.05")


@pytest_asyncio.fixture(loop_scope="session")
async def world(apache_kafka: Kafka, database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Return a world on the real Kafka, with all of Kafka's settings as they are in production but the names."""
    async with make_world(as_broker(apache_kafka), database, tmp_path, uuid.uuid4().hex[:12], options=QUICK) as made:
        made.settings["kafka_session_timeout_seconds"] = "45"
        yield made
