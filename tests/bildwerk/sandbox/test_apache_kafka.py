"""The sandbox with an Apache Kafka in it."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.apache_kafka import start_cluster
from bildwerk.sandbox.control import bring_up, find_stack, take_down
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.kafka_jars import KafkaProgram
from consumers.kafka import KafkaSettings, count_partitions, create_topics, list_brokers, make_producer
from contracts.topics import Topic
from tests.bildwerk.sandbox.test_stack import linux_only, list_session_tree, wait_until_gone
from tests.kafka_real.broker import Kafka, fetch_kafka

HOLD = """
import asyncio, sys
from bildwerk.sandbox.kafka_jars import KafkaProgram
from bildwerk.sandbox.stack import start_stack
async def main():
    async with start_stack(slots=None, fsync=False, kafka=KafkaProgram(*sys.argv[1:])) as stack:
        print(stack.pid, flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest_asyncio.fixture
async def program() -> KafkaProgram:
    return await fetch_kafka()


def settings_of(stack: Stack) -> KafkaSettings:
    return KafkaSettings((stack.kafka_bootstrap_servers,))


async def test_what_a_sandbox_with_a_folder_was_sent_is_there_when_it_is_up_again(
    program: KafkaProgram, tmp_path: Path
) -> None:
    folder = tmp_path / "für später, data"
    stack = await bring_up(folder, slots=None, kafka=program)
    try:
        assert find_stack(folder) == stack
        assert {"BILDWERK_KAFKA_IDEMPOTENCE", "BILDWERK_KAFKA_SESSION_TIMEOUT_SECONDS"}.isdisjoint(stack.environment())
        settings = settings_of(stack)
        await create_topics(settings, partitions=1)
        async with make_producer(settings) as producer:
            await producer.send_and_wait(Topic.MEDIA_CREATED, b"kept", key=b"7")
    finally:
        assert await take_down(folder)
    assert await list_brokers(settings) == frozenset()
    assert [path.name for path in folder.glob("kafka-1/log/media.created-0")]

    stack = await bring_up(folder, slots=None, kafka=program)
    try:
        servers = stack.kafka_bootstrap_servers
        async with AIOKafkaConsumer(
            Topic.MEDIA_CREATED, bootstrap_servers=servers, auto_offset_reset="earliest"
        ) as consumer:
            assert (await consumer.getone()).value == b"kept"
    finally:
        assert await take_down(folder)


@linux_only
def test_nothing_is_left_when_the_supervisor_is_killed(program: KafkaProgram) -> None:
    command = [sys.executable, "-c", HOLD, program.java, program.jars]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as holder:
        assert holder.stdout is not None
        supervisor = int(holder.stdout.readline())
        tree = list_session_tree(supervisor)
        commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in tree]
        os.kill(supervisor, signal.SIGKILL)
        left = wait_until_gone(tree)
        holder.kill()
    for scratch in Path(tempfile.gettempdir()).glob(f"bildwerk-sandbox-{supervisor}-*"):
        shutil.rmtree(scratch)  # what a killed supervisor cannot tidy up
    assert sum(b"kafka.Kafka" in command for command in commands) == 1
    assert left == set()


async def test_a_topic_is_not_made_by_asking_for_it(apache_kafka: Kafka, unique: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=apache_kafka.address) as producer:
        with pytest.raises((KafkaError, TimeoutError)):
            await asyncio.wait_for(producer.partitions_for(unique), 3.0)
    asked = KafkaSettings((apache_kafka.address,), topics=dict.fromkeys(Topic, unique))
    assert await count_partitions(asked) == {unique: 0}


async def test_the_broker_knows_itself_by_the_address_that_clients_use(apache_kafka: Kafka) -> None:
    assert await list_brokers(KafkaSettings((apache_kafka.address,))) == {apache_kafka.address}


async def test_a_folder_keeps_its_number_of_brokers(tmp_path: Path) -> None:
    storage = tmp_path / "kafka-1" / "log" / "meta.properties"
    storage.parent.mkdir(parents=True)
    storage.touch()
    with pytest.raises(SandboxError, match="holds an Apache Kafka of 1: use --brokers 1, or another folder"):
        await start_cluster(KafkaProgram("java", "jars"), tmp_path, 3)


async def test_a_broker_that_cannot_start_says_why(program: KafkaProgram, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"^Kafka.*not-a-number"):
        await start_cluster(program, tmp_path, properties={"num.network.threads": "not-a-number"})


def test_the_command_names_what_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from bildwerk.cli.sandbox import app; app()", "up"]
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    for arguments, said in (
        (["--brokers", "3"], "bildwerk: several --brokers are Apache Kafka's: add --broker apache-kafka\n"),
        (["--broker", "apache-kafka"], "bildwerk: Apache Kafka needs Java, and `java` is not here: "),
    ):
        ended = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, env=environment)
        assert ended.returncode == 1
        assert ended.stderr.startswith(said)
        assert ended.stderr.count("\n") == 1
