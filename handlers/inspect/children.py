"""The parent's end of a child process."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Self

from handlers.inspect.frames import LENGTHS, Header, lengths, pack, unpack_header
from handlers.inspect.limits import PictureLimits
from handlers.inspect.references import MediaRoot

START_SECONDS = 60
"""Starting takes 0.2 s; this is for a computer that is busy or wakes its disks."""

_PASSED_ON = ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_SINGLE = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""A thread more costs address space, of which a child has little, and the pool is what runs side by side."""
_PROGRAM = """
import gc, sys
gc.disable()  # nothing that is imported is garbage, and looking for some takes a seventh of the start
sys.path[:] = sys.argv[1:]
from handlers.inspect.child import main
gc.freeze()
gc.enable()
main()
"""


class ChildDiedError(Exception):
    """The child ended, or sent what is no frame."""


class Child:
    """A running child process. After any exception of its methods it is of no more use: kill it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.killed = False

    @classmethod
    async def spawn(cls) -> Self:
        """Start one, without the parent's environment, which may hold secrets. Raises OSError."""
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-c", _PROGRAM),
            *_search_path(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # libraries print what they please there, paths too
            env=environment | _SINGLE,
            start_new_session=True,  # no terminal of ours, into which it could type (TIOCSTI)
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def prepare(self, roots: Mapping[str, MediaRoot], limits: PictureLimits) -> None:
        """Tell it what it works on; wait until it is ready. Raises ChildDiedError, TimeoutError."""
        told = {name: asdict(root) | {"path": str(root.path.absolute())} for name, root in roots.items()}
        await self.send({"roots": told, "limits": asdict(limits)})
        await self.receive(START_SECONDS)

    async def send(self, header: Header, block: bytes = b"") -> None:
        """Send one frame. Raises ChildDiedError."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(pack(header, block))
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise ChildDiedError from error

    async def receive(self, seconds: float) -> tuple[Header, bytes]:
        """The next frame. Raises ChildDiedError, or TimeoutError after `seconds`."""
        assert self._process.stdout is not None
        read = self._process.stdout.readexactly
        try:
            async with asyncio.timeout(seconds):
                header, block = lengths(await read(LENGTHS.size))
                return unpack_header(await read(header)), await read(block)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
            raise ChildDiedError from error

    def kill(self) -> None:
        """End it at once: it holds nothing worth saving."""
        self.killed = True
        with suppress(ProcessLookupError):
            self._process.kill()

    async def wait(self) -> None:
        """Wait until a killed child is gone and its pipes are closed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        with suppress(ConnectionError):
            await self._process.stdin.wait_closed()
        await self._process.stdout.read()
        await self._process.wait()


def _search_path() -> list[str]:
    """Where this process finds its modules, also after a change of folder."""
    return [str(Path(entry).absolute()) for entry in sys.path]
