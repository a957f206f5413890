"""The command that starts a cluster of three."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from consumers.kafka import KafkaSettings, create_topics, list_brokers, make_producer
from contracts.topics import Topic
from tests.brokers import on_request
from tests.kafka_real.broker import fetch_kafka

pytestmark = on_request


async def test_a_sandbox_of_three_brokers_goes_up_is_found_and_goes_down(tmp_path: Path) -> None:
    await fetch_kafka()

    def sandbox(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bildwerk", "sandbox", *arguments]
        environment = os.environ | {"XDG_STATE_HOME": str(tmp_path)}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    up = await asyncio.to_thread(
        sandbox, "up", "--broker", "apache-kafka", "--brokers", "3", "--slots", "0", "--detach"
    )
    try:
        assert up.returncode == 0, up.stderr
        (line,) = [line for line in up.stdout.splitlines() if "KAFKA_BOOTSTRAP_SERVERS" in line]
        assert sandbox("status").stdout == up.stdout
        servers = tuple(line.partition("=")[2].split(","))
        assert len(servers) == 3
        settings = KafkaSettings(servers)
        assert await list_brokers(settings) == set(servers)
        await create_topics(settings, partitions=1, replication=3)
        async with make_producer(settings) as producer:
            await producer.send_and_wait(Topic.MEDIA_CREATED, b"in all of them")
    finally:
        down = await asyncio.to_thread(sandbox, "down")
    assert (down.returncode, down.stdout) == (0, "stopped\n")
    assert await list_brokers(settings) == frozenset()
