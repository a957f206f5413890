"""The command as a process, in an environment of the test's own."""

import asyncio
import itertools
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bildwerk.sandbox.process import Program
from tests.forge import Forge

ROOT = Path(__file__).parents[3]
NOWHERE = {
    "DATABASE_URL": "postgresql://ingrid:geheim@127.0.0.1:1/media",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "OLLAMA_HOST": "127.0.0.1:1",
}
_numbers = itertools.count(1)


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
def bildwerk(forge: Forge, tmp_path: Path) -> Bildwerk:
    """Return a function `(*arguments, **variables)` that runs a command to its end in an empty folder."""

    async def run(*arguments: object, **variables: object) -> Said:
        number = next(_numbers)
        out, errors = (tmp_path.parent / f"{name}-{number}" for name in ("out", "errors"))
        argv = ["python", "-m", "bildwerk", *map(str, arguments)]
        program = Program("bildwerk", argv, out, cwd=tmp_path, environment=name_environment(tmp_path, variables))
        status = await (await forge.start(program, errors)).wait()
        return Said(status, out.read_text(), errors.read_text())

    return run


@pytest.fixture
def whole_bildwerk(tmp_path: Path) -> Bildwerk:
    """Return the same for a process that imports everything itself."""

    async def run(*arguments: object, **variables: object) -> Said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bildwerk", *map(str, arguments)),
            cwd=tmp_path,
            env=name_environment(tmp_path, variables),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Said(process.returncode, out.decode(), err.decode())

    return run


def name_environment(home: Path, variables: Mapping[str, object]) -> dict[str, str]:
    """Return the whole environment of a process that is given these variables; None is one that is not set."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return environment | {name: str(value) for name, value in variables.items() if value is not None}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a media root with two files; nobody looks inside them here."""
    folder = tmp_path / "media"
    (folder / "2024").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"one")
    (folder / "2024" / "b.png").write_bytes(b"two")
    return folder
