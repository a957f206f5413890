"""The command as a process, in an environment of the test's own."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NOWHERE = {
    "DATABASE_URL": "postgresql://ingrid:geheim@127.0.0.1:1/media",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "OLLAMA_HOST": "127.0.0.1:1",
}


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines for a person; none of them may be of a traceback, nor hold a password."""
        assert "Traceback" not in self.err
        assert "geheim" not in self.out + self.err
        return self.err.splitlines()


Bildwerk = Callable[..., Awaitable[Said]]


@pytest.fixture
def bildwerk(tmp_path: Path) -> Bildwerk:
    """Return a function `(*arguments, **variables)` that runs a command to its end in an empty folder."""

    async def run(*arguments: object, **variables: object) -> Said:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bildwerk",
            *map(str, arguments),
            cwd=tmp_path,
            env=environment | {name: str(value) for name, value in variables.items() if value is not None},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Said(process.returncode, out.decode(), err.decode())

    return run


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a media root with two files; nobody looks inside them here."""
    folder = tmp_path / "media"
    (folder / "2024").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"one")
    (folder / "2024" / "b.png").write_bytes(b"two")
    return folder
