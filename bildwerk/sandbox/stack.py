"""Starting an embedded stack from a program, and stopping it with that program."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.kafka_jars import KafkaProgram
from bildwerk.sandbox.state import locate_state
from bildwerk.sandbox.supervisor import Order

STOP_SECONDS = 30.0


@asynccontextmanager
async def start_stack(
    data: Path | None = None,
    *,
    slots: int | None = 4,
    options: Sequence[str] = (),
    fsync: bool = True,
    listed: bool = False,
    kafka: KafkaProgram | None = None,
    brokers: int = 1,
) -> AsyncIterator[Stack]:
    """Run PostgreSQL, the broker and a simulated Ollama with `slots` for the length of the block.

    With `data` the database lasts in that folder. `slots=None` starts no simulated Ollama; `options` are arguments of
    its command line. A stack with a folder, or a `listed` one, is found by `bildwerk sandbox status`. With `kafka`, so
    many `brokers` of Apache Kafka stand in for the embedded one, and last in the folder, too. The stack also stops when
    this process dies without a word. Raises SandboxError, also in the block when the stack ends by itself.
    """
    state = str(locate_state(data).absolute()) if data or listed else None
    folder = str(data.absolute()) if data else None
    order = Order(folder, state, slots, tuple(options), fsync, kafka=kafka, brokers=brokers)
    supervisor = await launch_supervisor(order, asyncio.subprocess.PIPE)
    try:
        stack = await read_addresses(supervisor)
        async with _cancel_when_gone(supervisor):
            yield stack
    finally:
        await _release(supervisor)


@asynccontextmanager
async def _cancel_when_gone(supervisor: asyncio.subprocess.Process) -> AsyncIterator[None]:
    last_words: list[str] = []
    holder = asyncio.current_task()

    async def watch() -> None:
        assert supervisor.stdout is not None
        line = await supervisor.stdout.readline()
        last_words.append(json.loads(line)["error"] if line else "the embedded stack was stopped")
        if holder:
            holder.cancel()

    watching = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if not last_words or not holder or holder.uncancel():
            raise
        raise SandboxError(last_words[0]) from None
    finally:
        watching.cancel()
        await asyncio.wait([watching])  # two must not read the output at once


async def launch_supervisor(order: Order, stdin: int, stderr: int | None = None) -> asyncio.subprocess.Process:
    """Start the process that holds a stack; a session of its own keeps Ctrl-C of a terminal away from it."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bildwerk.sandbox.supervisor",
        json.dumps(asdict(order)),
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


async def read_addresses(supervisor: asyncio.subprocess.Process) -> Stack:
    """Wait until the stack is ready; SandboxError says why it is not."""
    assert supervisor.stdout is not None
    line = await supervisor.stdout.readline()
    if not line:
        raise SandboxError("the embedded stack could not be started")
    answer = json.loads(line)
    if "error" in answer:
        raise SandboxError(answer["error"])
    return Stack(**answer)


async def finish_reading(supervisor: asyncio.subprocess.Process) -> None:
    """Wait until the process and its output have ended; only then does nothing of it stay open."""
    assert supervisor.stdout is not None
    await supervisor.stdout.read()
    await supervisor.wait()


async def _release(supervisor: asyncio.subprocess.Process) -> None:
    # The end of its input is the wish to stop: the same that it sees when this process is killed.
    assert supervisor.stdin is not None
    supervisor.stdin.close()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await finish_reading(supervisor)
    except TimeoutError:
        with suppress(ProcessLookupError):
            supervisor.kill()
        await supervisor.wait()
