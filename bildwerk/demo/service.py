"""`bildwerk serve` as a child process of a demo."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import bildwerk
from bildwerk.sandbox.process import Process, Program

HOME = Path(bildwerk.__file__).parents[1]
"""Where our packages are, installed or in a checkout."""
STOP_SECONDS = 30.0


class ServiceEnded(Exception):
    """`bildwerk serve` went away by itself; the message is what it said last."""


@asynccontextmanager
async def serving(log: Path) -> AsyncIterator[Process]:
    """Run `bildwerk serve` with this process' environment for the length of the block, its log in a file.

    It also stops when this process dies without a word.
    """
    log.unlink(missing_ok=True)
    # -P: a folder `db` where the person stands is not ours.
    argv = [sys.executable, "-P", "-m", "bildwerk", "serve"]
    path = os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH")]))
    process = await Process.start(Program("bildwerk serve", argv, log, environment=os.environ | {"PYTHONPATH": path}))
    try:
        yield process
    finally:
        await process.stop(STOP_SECONDS)


def require_alive(process: Process) -> None:
    """Raise ServiceEnded when the process is gone."""
    if process.returncode is not None:
        raise ServiceEnded(process.read_tail(1))
