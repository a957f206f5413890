"""A real Apache Kafka of one node on this machine: the jars through Maven, KRaft, everything in a folder."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bildwerk.sandbox.process import Process, Program, find_free_port

POM = Path(__file__).with_name("pom.xml")
START_SECONDS = 60.0
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port}{doors},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
log.dirs={folder}/log
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=5
"""
"""What one node needs; all else is as Kafka comes."""


@dataclass
class Kafka:
    """A broker that keeps its address and its messages when it is started again."""

    folder: Path
    jars: Path
    port: int
    process: Process

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self.port}"

    async def kill(self) -> None:
        """Take it away without a word."""
        os.kill(self.process.pid, 9)
        await self.process.wait()

    async def start_again(self) -> None:
        """Start it again in the same place."""
        self.process = await _start(self.folder, self.jars, self.port)


async def start_kafka(folder: Path, jars: Path, doors: str = "", more: str = "", users: Sequence[str] = ()) -> Kafka:
    """Format and start a broker on a free port.

    `doors` are further listeners, `more` further properties, `users` are known to SCRAM, as `--add-scram` writes them.
    """
    port = find_free_port()
    properties = PROPERTIES.format(port=port, controller=find_free_port(), folder=folder, doors=doors)
    (folder / "server.properties").write_text(properties + more)
    cluster = "bildwerk-tests--------"  # 22 characters of URL-safe base64: any UUID will do
    known = [word for user in users for word in ("--add-scram", user)]
    words = ["format", "-t", cluster, "-c", "server.properties", *known]
    await run(folder, *java(jars, "kafka.tools.StorageTool"), *words)
    return Kafka(folder, jars, port, await _start(folder, jars, port))


async def fetch_jars(folder: Path) -> Path:
    """Let Maven bring Kafka and what it needs into a folder; what Maven's own cache has is only copied."""
    jars = folder / "jars"
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
    await run(folder, "mvn", "--quiet", "--batch-mode", "--file", str(POM), *goal)
    return jars


async def _start(folder: Path, jars: Path, port: int) -> Process:
    argv = [*java(jars, "kafka.Kafka"), "server.properties"]
    program = Program("Kafka", argv, folder / "kafka.log", cwd=folder)
    process = await Process.start(program)

    async def ready() -> bool | None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return None
        writer.close()
        return True

    try:
        await process.wait_until(ready, START_SECONDS)
    except BaseException:
        await process.stop()
        raise
    return process


def java(jars: Path, main: str) -> list[str]:
    """The beginning of a command line of one of Kafka's programs."""
    return ["java", "-Xmx512m", "-Dlog4j2.level=WARN", "-cp", f"{jars}/*", main]


async def run(folder: Path, *argv: str) -> None:
    """Run a program to its end, which must be a good one."""
    log = folder / "preparation.log"
    process = await Process.start(Program(argv[0], argv, log, cwd=folder))
    status = await process.wait()
    assert status == 0, log.read_text(errors="replace")
