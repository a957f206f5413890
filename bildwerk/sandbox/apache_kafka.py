"""Apache Kafka on this machine, without a container: KRaft, each node broker and controller, all in one folder."""

import asyncio
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.kafka_jars import KafkaProgram
from bildwerk.sandbox.process import Process, Program, find_free_ports, is_open
from consumers.kafka import KafkaSettings, list_brokers

START_SECONDS = 120.0
ANSWER_SECONDS = 2.0
CLUSTER_ID = "bildwerk-sandbox------"
"""Any 16 bytes in URL-safe base64 will do."""
OPTIONS = (
    *("-Xmx256m", "-XX:+UseSerialGC"),
    "-XX:TieredStopAtLevel=1",  # it starts in half the time, and lives too short to gain by more
    "-XX:-UsePerfData",  # what it leaves in a shared folder when it is killed
    "-Dlog4j2.level=WARN",
)
PROPERTIES = """\
process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port}{doors},CONTROLLER://127.0.0.1:{controller_port}
log.dirs=log
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
default.replication.factor={copies}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=5
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=5
"""
"""All else is as Kafka comes. The folder is where it runs: a path with a comma in it would be two."""


@dataclass
class Node:
    """One broker and controller; it keeps its address and its messages when it is started again."""

    program: KafkaProgram
    folder: Path
    id: int
    port: int
    controller_port: int
    polite: signal.Signals
    _process: Process | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self.port}"

    @property
    def process(self) -> Process:
        """What runs it, or ran it last."""
        assert self._process is not None
        return self._process

    async def kill(self) -> None:
        """Take it away without a word."""
        os.kill(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def start(self) -> None:
        """Start it, and wait until it is a broker that its cluster knows. Raises SandboxError."""
        program = Program(
            f"Kafka {self.id}",
            self._argv("kafka.Kafka", "server.properties"),
            self.folder / "kafka.log",
            cwd=self.folder,
            polite=self.polite,
            # Told to stop, it could wait five minutes for a controller that stopped before it (KAFKA-19905).
            orphaned=signal.SIGKILL,
        )
        self._process = await Process.start(program)
        try:
            await self._process.wait_until(self._is_member, START_SECONDS)
        except BaseException:
            await self.stop()
            raise

    async def format(self, properties: str) -> None:
        """Write its settings; make its storage, if it has none. Raises SandboxError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / "server.properties").write_text(properties)
        arguments = ("format", "-t", CLUSTER_ID, "--ignore-formatted", "-c", "server.properties")
        argv = self._argv("kafka.tools.StorageTool", *arguments)
        process = await Process.start(
            Program("Kafka's storage tool", argv, self.folder / "format.log", cwd=self.folder)
        )
        try:
            if await process.wait():
                raise SandboxError(f"Kafka's storage could not be made: {process.read_tail()}")
        finally:
            await process.stop()

    async def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process:
            await self._process.stop()

    def _argv(self, main: str, *arguments: str) -> list[str]:
        classes = ["-cp", f"{self.program.jars}/*"]
        return [self.program.java, *OPTIONS, f"-Djava.io.tmpdir={self.folder}", *classes, main, *arguments]

    async def _is_member(self) -> bool | None:
        if not await is_open(self.port):  # the client would write a line each time
            return None
        settings = KafkaSettings((self.address,), send_timeout=ANSWER_SECONDS)
        return self.address in await list_brokers(settings) or None


@dataclass
class Cluster:
    """All nodes."""

    nodes: tuple[Node, ...]

    @property
    def address(self) -> str:
        """The bootstrap servers."""
        return ",".join(node.address for node in self.nodes)

    async def stop(self) -> None:
        """Stop all nodes."""
        await asyncio.gather(*(node.stop() for node in self.nodes))


async def start_cluster(
    program: KafkaProgram,
    folder: Path,
    brokers: int = 1,
    *,
    durable: bool = False,
    properties: Mapping[str, str] | None = None,
    doors: str = "",
) -> Cluster:
    """Start so many brokers on free ports, their data in `folder`; returns when all of them make up the cluster.

    Of three, each topic has three copies, two of which have to be there. `durable` ones are stopped in order: another
    start finds the folder tidy. `properties` and `doors` (",NAME://host:port") add to ours. Raises SandboxError.
    """
    _refuse_other_number(folder, brokers)
    ports = find_free_ports(2 * brokers)
    polite = signal.SIGTERM if durable else signal.SIGKILL
    nodes = tuple(
        Node(program, folder / f"kafka-{number}", number, port, controller_port, polite)
        for number, (port, controller_port) in enumerate(zip(ports[::2], ports[1::2], strict=True), 1)
    )
    voters = ",".join(f"{node.id}@127.0.0.1:{node.controller_port}" for node in nodes)
    copies = min(brokers, 3)
    cluster = Cluster(nodes)

    async def start(node: Node) -> None:
        text = PROPERTIES.format(**vars(node), voters=voters, copies=copies, in_sync=max(1, copies - 1), doors=doors)
        await node.format(text + "".join(f"{name}={value}\n" for name, value in (properties or {}).items()))
        await node.start()

    try:
        async with asyncio.TaskGroup() as group:
            for node in nodes:
                group.create_task(start(node))
    except BaseException as error:
        await cluster.stop()
        if isinstance(error, BaseExceptionGroup):
            raise error.exceptions[0] from None
        raise
    return cluster


def _refuse_other_number(folder: Path, brokers: int) -> None:
    there = len(list(folder.glob("kafka-*/log/meta.properties")))
    if there not in (0, brokers):
        raise SandboxError(f"{folder} holds an Apache Kafka of {there}: use --brokers {there}, or another folder")
