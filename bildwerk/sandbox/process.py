"""One service as a child process that never outlives its parent."""

import asyncio
import ctypes
import os
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from bildwerk.sandbox.account import Account
from bildwerk.sandbox.failure import SandboxError

T = TypeVar("T")

POLL_SECONDS = 0.02
TAIL_LINES = 5
PORTS = range(20_000, 32_000)
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Program:
    """How a service is started and stopped.

    `log` takes its output, `input` is what it reads. `polite` asks it to stop; `orphaned`, or `polite` without it, is
    what the kernel sends it on Linux when the parent is gone without a word (elsewhere only the supervisor's own end is
    covered).
    """

    name: str
    argv: Sequence[str]
    log: Path
    input: Path = Path(os.devnull)
    cwd: Path | None = None
    account: Account | None = None
    environment: dict[str, str] | None = None
    polite: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals | None = None


class Process:
    """A started program."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process) -> None:
        self.program = program
        self._process = process

    @classmethod
    async def start(cls, program: Program) -> Self:
        """Start the program in a session of its own, so that Ctrl-C at a terminal does not reach it."""
        account = program.account
        with program.log.open("ab") as log, program.input.open("rb") as text:
            process = await asyncio.create_subprocess_exec(
                *program.argv,
                stdin=text,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                cwd=program.cwd,
                env=program.environment,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=partial(_follow_parent, program.orphaned or program.polite, os.getpid()),
            )
        return cls(program, process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.returncode

    async def wait_until(self, ready: Callable[[], Awaitable[T | None]], within: float) -> T:
        """Ask `ready` again and again until it answers; SandboxError when the program ends or `within` seconds pass."""
        try:
            async with asyncio.timeout(within):
                while (answer := await ready()) is None:
                    if self._process.returncode is not None:
                        raise SandboxError(f"{self.program.name} ended while starting: {self.read_tail()}")
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise SandboxError(f"{self.program.name} was not ready within {within:g} s: {self.read_tail()}") from None
        return answer

    def read_tail(self, number: int = TAIL_LINES) -> str:
        """Return the last lines the program wrote; where Java was when something failed says nothing to a person."""
        text = self.program.log.read_text(errors="replace")
        lines = [line for line in text.splitlines() if not line.startswith(("\tat ", "\t... "))]
        return " | ".join(line.strip() for line in lines[-number:]) or "it wrote nothing"

    async def wait(self) -> int:
        """Wait for the program to end by itself; returns its exit status."""
        return await self._process.wait()

    async def stop(self, grace: float = 10.0) -> None:
        """Ask the program to stop; kill it when it has not after `grace` seconds."""
        if self._process.returncode is not None:
            return
        self._process.send_signal(self.program.polite)
        try:
            async with asyncio.timeout(grace):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def find_free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free now; somebody else may take it before it is used."""
    return find_free_ports(1)[0]


def find_free_ports(number: int) -> list[int]:
    """Return different ports. Raises SandboxError when there are not so many.

    None is of those that connections are given, where nobody changed these: who seeks a service that is down could
    be connected to itself, and hold the service's port when it comes back.
    """
    with ExitStack() as held:
        ports: list[int] = []
        start = secrets.randbelow(len(PORTS))
        for port in (*PORTS[start:], *PORTS[:start]):
            if len(ports) == number:
                return ports
            probe = held.enter_context(socket.socket())
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                ports.append(port)
    raise SandboxError("no port of 127.0.0.1 is free")


async def is_open(port: int) -> bool:
    """Whether somebody listens on a port of 127.0.0.1."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _follow_parent(death: signal.Signals, parent: int) -> None:
    # Runs in the child between fork and exec, after the change of user: an earlier request would be dropped by it.
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death))
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
