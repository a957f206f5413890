"""The stack that stands by itself: bring it up, find it again, take it down."""

import asyncio
import os
import shlex
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.kafka_jars import KafkaProgram
from bildwerk.sandbox.stack import STOP_SECONDS, finish_reading, launch_supervisor, read_addresses
from bildwerk.sandbox.state import is_held, locate_state, read_state
from bildwerk.sandbox.supervisor import Order

POLL_SECONDS = 0.05


async def bring_up(
    folder: Path | None = None, *, slots: int | None = 4, kafka: KafkaProgram | None = None, brokers: int = 1
) -> Stack:
    """Start a stack that outlives this process; all else as with `start_stack`. Raises SandboxError."""
    state = str(locate_state(folder).absolute())
    data = str(folder.absolute()) if folder else None
    order = Order(data, state, slots, detached=True, kafka=kafka, brokers=brokers)
    supervisor = await launch_supervisor(order, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return await read_addresses(supervisor)
    finally:
        await finish_reading(supervisor)


def find_stack(folder: Path | None = None) -> Stack | None:
    """Return the stack that runs on the folder (or the one without a folder), and None when there is none."""
    return read_state(locate_state(folder))


async def take_down(folder: Path | None = None) -> bool:
    """Stop that stack and wait until it is gone; False when there was none. Raises SandboxError when it stays."""
    state = locate_state(folder)
    stack = read_state(state)
    if stack is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(stack.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            while is_held(state):
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise SandboxError(f"the sandbox (process {stack.pid}) did not stop within {STOP_SECONDS:g} s") from None
    return True


def write_exports(stack: Stack) -> str:
    """Return shell lines that point any `bildwerk` command at the stack."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in stack.environment().items())
