"""A real Apache Kafka for the whole run, and worlds on it; skipped unless asked for."""

import itertools
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.world import Broker, World, make_world
from tests.kafka_real.broker import Kafka, fetch_jars, start_kafka

QUICK = ("--picture-seconds", "0.1", "--token-seconds", "0.0005", "--load-seconds", "0.05")
OLDEST_JAVA = 17
_numbers = itertools.count(1)


def _find_what_is_missing() -> str:
    if not os.environ.get("TEST_KAFKA"):
        return "real Kafka is not asked for: make test-kafka"
    for program in ("mvn", "java"):
        if not shutil.which(program):
            return f"real Kafka needs `{program}`, which is not here"
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if not version or int(version[1]) < OLDEST_JAVA:
        return f"real Kafka needs Java {OLDEST_JAVA} or newer"
    return ""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def jars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of Kafka's programs."""
    if missing := _find_what_is_missing():
        pytest.skip(missing)
    return await fetch_jars(tmp_path_factory.mktemp("jars"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def real(jars: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kafka]:
    """Return a real Kafka that all tests of the run share."""
    kafka = await start_kafka(tmp_path_factory.mktemp("kafka"), jars)
    yield kafka
    await kafka.process.stop(30.0)


@pytest_asyncio.fixture(loop_scope="session")
async def world(real: Kafka, database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Return a world on the real Kafka, with all of Kafka's settings as they are in production but the names."""
    broker = Broker(real.address, idempotence=True)
    async with make_world(broker, database, tmp_path, uuid.uuid4().hex[:12], options=QUICK) as made:
        made.settings["kafka_session_timeout_seconds"] = "45"
        yield made
