"""Starts many processes of bildwerk quickly: one process imports everything once, and forks.

Importing takes a second of CPU, a fork none; beyond that each child is a process like any other, with nothing but code
in its memory. `python -m tests.forge SOCKET` takes one request on each connection, a JSON line, answers with the
process id of the child, and with its exit status when it has ended.
"""

import asyncio
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, cast

from bildwerk.sandbox.process import PR_SET_PDEATHSIG, Process, Program

REPOSITORY = Path(__file__).parents[1]
POLL_SECONDS = 0.02


class _Fork:
    """A child of the forge, as `Process` sees its children."""

    def __init__(self, pid: int, told: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ending = asyncio.create_task(self._follow(told, connection))

    async def _follow(self, told: asyncio.StreamReader, connection: asyncio.StreamWriter) -> int:
        try:
            self.returncode = int(await told.readline() or -signal.SIGKILL)  # a forge that ends takes them along
        finally:
            connection.close()
        return self.returncode

    async def wait(self) -> int:
        return await asyncio.shield(self._ending)

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
        self._folder = tempfile.TemporaryDirectory(prefix="forge")

    @property
    def _socket(self) -> str:
        return f"{self._folder.name}/socket"

    async def __aenter__(self) -> Self:
        environment = {"PATH": os.defpath, "PYTHONPATH": str(REPOSITORY)}
        self._server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.forge", self._socket,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment, start_new_session=True,
        )  # fmt: skip
        assert self._server.stdout is not None
        await self._server.stdout.readline()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        await self._server.wait()
        self._folder.cleanup()

    async def start(self, program: Program, errors: Path | None = None) -> Process:
        """Start what `python -m MODULE ARGUMENTS` would start, MODULE being bildwerk or tests.crash.serve.

        `errors` takes what it writes to its standard error, which is otherwise in the log.
        """
        program.log.touch()
        request = {
            "argv": program.argv[3:], "log": str(program.log), "errors": str(errors or program.log),
            "cwd": str(program.cwd), "environment": program.environment,
        }  # fmt: skip
        told, connection = await asyncio.open_unix_connection(self._socket)
        connection.write(json.dumps(request).encode() + b"\n")
        fork = _Fork(int(await told.readline()), told, connection)
        # All that Process asks of a child is here.
        return Process(program, cast("asyncio.subprocess.Process", fork))


def serve(path: str) -> None:
    """Fork what is asked for until standard input ends; then kill what is left."""
    _load()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    os.write(1, b"ready\n")
    children: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([0, listener.fileno()], [], [], POLL_SECONDS if children else None)
        if 0 in ready:
            break
        if ready:
            asking = listener.accept()[0]
            with asking.makefile("rb") as lines:
                pid = _fork(json.loads(lines.readline()))
            children[pid] = asking
            _tell(asking, pid)
        while children and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            with children.pop(ended[0]) as asked:
                _tell(asked, os.waitstatus_to_exitcode(ended[1]))
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _load() -> None:
    """Do what each child would do again: import, read dictionaries, compile the patterns of names."""
    from bildwerk import wiring  # noqa: F401, PLC0415
    from bildwerk.cli import commands, dead_letters, replay  # noqa: F401, PLC0415
    from handlers.reconstruction import attribution  # noqa: PLC0415
    from handlers.tags.lexicon import is_word  # noqa: PLC0415

    for language in ("en", "de"):
        is_word("sun", language)
    for name, compile_names in vars(attribution).items():
        if name.startswith("compile_"):
            compile_names()
    gc.freeze()


def _tell(asked: socket.socket, number: int) -> None:
    with suppress(OSError):  # whoever has gone does not want to know
        asked.sendall(b"%d\n" % number)


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
    errors = os.open(request["errors"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(errors, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
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
    serve(sys.argv[1])
