"""`bildwerk serve` and other commands as processes of their own, with their logs read and their use of this machine."""

import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bildwerk.environment import variable
from bildwerk.sandbox.process import Process, Program
from bildwerk.settings import Settings

START_SECONDS = 120.0
REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Running:
    """A command that runs."""

    process: Process

    def list_events(self, name: str) -> Iterator[dict[str, Any]]:
        """What it logged under that name."""
        for line in self.process.program.log.read_text(errors="replace").splitlines():
            if line.startswith("{") and f'"{name}"' in line:
                yield orjson.loads(line)

    async def wait_until_started(self) -> None:
        """Wait until the service works."""

        async def started() -> bool | None:
            return any(self.list_events("service.started")) or None

        await self.process.wait_until(started, START_SECONDS)


@asynccontextmanager
async def run_command(folder: Path, chosen: Mapping[str, str], *command: str) -> AsyncIterator[Running]:
    """Run a command of bildwerk with these settings, by name; it is stopped at the end of the block."""
    environment = {variable(Settings, name): value for name, value in chosen.items()}
    environment |= {"PATH": os.defpath, "HOME": str(folder), "PYTHONPATH": str(REPOSITORY)}
    log = folder / f"{command[0]}-{len(list(folder.glob('*.log')))}.log"
    argv = [sys.executable, "-m", "bildwerk", *command]
    process = await Process.start(Program(f"bildwerk {command[0]}", argv, log, environment=environment))
    try:
        yield Running(process)
    finally:
        await process.stop()
