"""Starts many processes of bildwerk quickly: one process imports everything once, and forks.

Importing takes a second of CPU, a fork none; beyond that each child is a process like any other, with nothing but code
in its memory. `python -m tests.crash.forge` reads requests, one JSON line each, and tells of what ended.
"""

import asyncio
import ctypes
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, cast

from bildwerk.sandbox.process import PR_SET_PDEATHSIG, Process, Program

REPOSITORY = Path(__file__).parents[2]
POLL_SECONDS = 0.02


class _Fork:
    """A child of the forge, as `Process` sees its children."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = asyncio.Event()

    def end(self, status: int) -> None:
        self.returncode = status
        self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forge:
    """Starts `Program`s as forks; use it as an asynchronous context manager, which kills them at its end."""

    def __init__(self) -> None:
        self._server: asyncio.subprocess.Process
        self._reading: asyncio.Task[None]
        self._turn = asyncio.Lock()
        self._started: asyncio.Future[_Fork] | None = None
        self._forks: dict[int, _Fork] = {}

    async def __aenter__(self) -> Self:
        environment = {"PATH": os.defpath, "PYTHONPATH": str(REPOSITORY)}
        self._server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.crash.forge",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment, start_new_session=True,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        await self._server.wait()
        await self._reading

    async def start(self, program: Program) -> Process:
        """Start what `python -m MODULE ARGUMENTS` would start, MODULE being bildwerk or tests.crash.serve."""
        assert self._server.stdin is not None
        program.log.touch()
        request = {
            "argv": program.argv[3:], "log": str(program.log), "cwd": str(program.cwd),
            "environment": program.environment,
        }  # fmt: skip
        async with self._turn:
            self._started = asyncio.get_running_loop().create_future()
            self._server.stdin.write(json.dumps(request).encode() + b"\n")
            fork = await self._started
        # All that Process asks of a child is here.
        return Process(program, cast("asyncio.subprocess.Process", fork))

    async def _read(self) -> None:
        assert self._server.stdout is not None
        while line := await self._server.stdout.readline():
            told = json.loads(line)
            if "ended" in told:
                self._forks.pop(told["ended"]).end(told["status"])
            elif self._started is not None:
                fork = self._forks[told["started"]] = _Fork(told["started"])
                self._started.set_result(fork)
        for fork in self._forks.values():
            fork.end(-signal.SIGKILL)  # the forge takes them along


def serve() -> None:
    """Fork what is asked for until standard input ends; then kill what is left."""
    from bildwerk import wiring  # noqa: F401, PLC0415 - all that a child would import
    from bildwerk.cli import commands, dead_letters, replay  # noqa: F401, PLC0415
    from handlers.tags.lexicon import is_word  # noqa: PLC0415

    for language in ("en", "de"):
        is_word("sun", language)  # reading the dictionaries takes most of a second, too

    children: set[int] = set()
    waiting = b""
    while True:
        ready, _, _ = select.select([0], [], [], POLL_SECONDS)
        if ready:
            chunk = os.read(0, 1 << 16)
            if not chunk:
                break
            *lines, waiting = (waiting + chunk).split(b"\n")
            for line in lines:
                pid = _fork(json.loads(line))
                children.add(pid)
                _tell(started=pid)
        while children and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            children.discard(ended[0])
            _tell(ended=ended[0], status=os.waitstatus_to_exitcode(ended[1]))
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _tell(**told: int) -> None:
    os.write(1, json.dumps(told).encode() + b"\n")


def _fork(request: Mapping[str, Any]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)
    status = 1
    try:
        status = _become(request)
    except BaseException:  # noqa: BLE001 - there is nobody to tell but the log
        traceback.print_exc()
    finally:
        os._exit(status)


def _become(request: Mapping[str, Any]) -> int:
    """Run the command line as a process of its own would."""
    os.setsid()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = ["bildwerk", *request["argv"]]
    from tests.crash.serve import main  # noqa: PLC0415 - not before there is a command line

    try:
        main()
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    serve()
