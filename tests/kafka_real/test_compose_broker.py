"""The broker of docker-compose.yml: its environment, as the image makes settings of it, run by hand."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bildwerk.sandbox.apache_kafka import Node
from bildwerk.sandbox.process import find_free_ports
from consumers.kafka import KafkaSettings, create_topics, make_producer
from tests.compose.reading import load_services
from tests.kafka_real.broker import fetch_kafka

OF_SCRIPTS = ("KAFKA_HEAP_OPTS",)
"""Read by the image's scripts; all others are settings of the broker."""


def name_setting(variable: str) -> str:
    """Return what the image makes of a variable: `KAFKA_LOG_DIRS` is `log.dirs`, two underscores are one."""
    return variable.removeprefix("KAFKA_").lower().replace("__", "\0").replace("_", ".").replace("\0", "_")


@pytest_asyncio.fixture
async def outside(tmp_path: Path) -> AsyncIterator[str]:
    """Return where programs of the host find the broker; what moves is ports, host names and the folder."""
    program = await fetch_kafka()
    inside, controller, door = find_free_ports(3)
    places = {
        "INSIDE://kafka:9092": f"INSIDE://127.0.0.1:{inside}",
        "OUTSIDE://localhost:9092": f"OUTSIDE://127.0.0.1:{door}",
        "INSIDE://:9092": f"INSIDE://127.0.0.1:{inside}",
        "OUTSIDE://:9094": f"OUTSIDE://127.0.0.1:{door}",
        "CONTROLLER://:9093": f"CONTROLLER://127.0.0.1:{controller}",
        "localhost:9093": f"127.0.0.1:{controller}",
        "/var/lib/kafka/data": "log",
    }
    lines = []
    for variable, value in load_services()["kafka"]["environment"].items():
        for there, here in places.items():
            value = value.replace(there, here)  # noqa: PLW2901 - one after the other
        lines += [f"{name_setting(variable)}={value}"] if variable not in OF_SCRIPTS else []
    node = Node(program, tmp_path / "kafka", 1, inside, controller, signal.SIGKILL)
    await node.format("\n".join(lines))
    await node.start()
    yield f"127.0.0.1:{door}"
    await node.stop()


async def test_programs_of_the_host_find_it_make_topics_and_send(outside: str) -> None:
    settings = KafkaSettings((outside,))
    assert len(await create_topics(settings, 3)) == 4

    producer = make_producer(settings)
    await producer.start()
    try:
        told = await (await producer.send("media.created", b'{"media_id": 7}', key=b"7"))
        addresses = {f"{broker.host}:{broker.port}" for broker in producer.client.cluster.brokers()}
    finally:
        await producer.stop()

    assert told.offset == 0
    assert addresses == {outside}
