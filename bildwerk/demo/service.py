"""`bildwerk serve` as a child process of a demo."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import bildwerk

HOME = Path(bildwerk.__file__).parents[1]
"""Where our packages are, installed or in a checkout."""
STOP_SECONDS = 30.0


class ServiceEnded(Exception):
    """`bildwerk serve` went away by itself; the message is what it said last."""


@asynccontextmanager
async def serving(log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `bildwerk serve` with this process' environment for the length of the block, its log in a file."""
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # a folder `db` where the person stands is not ours
            "-m",
            "bildwerk",
            "serve",
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH")]))},
        )
    try:
        yield process
    finally:
        await _stop(process)


def require_alive(process: asyncio.subprocess.Process, log: Path) -> None:
    """Raise ServiceEnded when the process is gone."""
    if process.returncode is not None:
        lines = log.read_text("utf-8", errors="replace").strip().splitlines()
        raise ServiceEnded(lines[-1] if lines else f"exit status {process.returncode}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
