"""The process that holds a stack: starts the parts side by side, waits, stops all of them.

`python -m bildwerk.sandbox.supervisor` takes one JSON object (`Order`) as its argument and answers with one JSON line
on standard output: the addresses, or `{"error": ...}`, which may also come later. It stops at SIGTERM, SIGINT and
SIGHUP, when a part ends by itself and, unless detached, when its standard input ends: however the program that
started it went away.
"""

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.broker import start_broker
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.kafka_jars import KafkaProgram
from bildwerk.sandbox.ollama import start_simulated_ollama
from bildwerk.sandbox.postgres import Place, start_postgres
from bildwerk.sandbox.process import Process
from bildwerk.sandbox.state import hold_state, write_state


@dataclass(frozen=True, slots=True)
class Order:
    """What to start.

    `data` lasts when given; `state` is where to leave the addresses; without slots there is no simulated Ollama. With
    `kafka`, so many `brokers` of it stand in for the embedded one.
    """

    data: str | None
    state: str | None
    slots: int | None
    options: tuple[str, ...] = ()
    fsync: bool = True
    detached: bool = False
    kafka: KafkaProgram | None = None
    brokers: int = 1

    @classmethod
    def read(cls, text: str) -> Self:
        """Return an order from its JSON."""
        members = json.loads(text)
        members["kafka"] = KafkaProgram(**members["kafka"]) if members["kafka"] else None
        return cls(**members)


async def _supervise(order: Order) -> None:
    keeping = asyncio.create_task(_keep(order))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, keeping.cancel)
    watching = None if order.detached else asyncio.create_task(_watch_input(keeping))
    try:
        await keeping
    except asyncio.CancelledError:
        pass
    finally:
        if watching:
            watching.cancel()


async def _watch_input(keeping: "asyncio.Task[None]") -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    keeping.cancel()


async def _keep(order: Order) -> None:
    with hold_state(Path(order.state)) if order.state else nullcontext() as state:
        async with _running(order) as (stack, processes):
            if state:
                write_state(state, stack)
            _say(asdict(stack))
            if order.detached:
                _close_output()
            await _wait_for_any(processes)


@asynccontextmanager
async def _running(order: Order) -> AsyncIterator[tuple[Stack, list[Process]]]:
    scratch = Path(tempfile.mkdtemp(prefix=f"bildwerk-sandbox-{os.getpid()}-"))
    scratch.chmod(0o711)  # PostgreSQL may have to pass through it as another user
    processes: list[Process] = []
    try:
        yield await _start(order, scratch, processes), processes
    finally:
        await asyncio.gather(*(process.stop() for process in processes))
        shutil.rmtree(scratch, ignore_errors=True)


async def _start(order: Order, scratch: Path, processes: list[Process]) -> Stack:
    folder = Path(order.data) if order.data else scratch
    folder.mkdir(parents=True, exist_ok=True)

    async def start_ollama() -> tuple[str, str] | tuple[None, None]:
        if order.slots is None:
            return None, None
        process, *urls = await start_simulated_ollama(folder, order.slots, order.options)
        processes.append(process)
        return f"{urls[0]}={order.slots}", urls[1]

    async def start_kafka() -> str:
        if order.kafka is None:
            return await keep(start_broker(folder))
        from bildwerk.sandbox.apache_kafka import start_cluster  # noqa: PLC0415 - few stacks need Kafka's client

        cluster = await start_cluster(order.kafka, folder, order.brokers, durable=bool(order.data))
        processes.extend(node.process for node in cluster.nodes)
        return cluster.address

    async def keep(starting: Awaitable[tuple[Process, str]]) -> str:
        process, address = await starting
        processes.append(process)
        return address

    try:
        async with asyncio.TaskGroup() as group:
            database = group.create_task(keep(start_postgres(Place(folder, scratch, order.fsync))))
            broker = group.create_task(start_kafka())
            ollama = group.create_task(start_ollama())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    host, control = ollama.result()
    return Stack(os.getpid(), database.result(), broker.result(), host, control, apache_kafka=bool(order.kafka))


async def _wait_for_any(processes: list[Process]) -> None:
    waits = {asyncio.create_task(process.wait()): process for process in processes}
    try:
        ended, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    raise SandboxError(f"{waits[ended.pop()].program.name} ended by itself: the embedded stack stops")


def _say(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _close_output() -> None:
    # Who waits for the addresses also waits for the end of the output.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


def main() -> int:
    """Run the stack that the argument describes; the exit status is 0 when it was asked to stop.

    Detached, a child does it: whoever started this process need not wait for it, nor leave it behind.
    """
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # nobody has to know how often it asked
    order = Order.read(sys.argv[1])
    if order.detached and os.fork() != 0:
        return 0
    try:
        asyncio.run(_supervise(order))
    except (SandboxError, OSError) as error:
        _say({"error": str(error)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
