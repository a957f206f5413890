"""The simulated Ollama as a process."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bildwerk.sandbox.process import Process, Program

START_SECONDS = 30.0
LISTENING = re.compile(r"^listening (\S+) control (\S+)$", re.MULTILINE)


class Simulated(NamedTuple):
    """A running simulated Ollama: the URL that stands for Ollama, and the one that controls the simulation."""

    process: Process
    url: str
    control_url: str


async def start_simulated_ollama(folder: Path, slots: int, options: Sequence[str] = ()) -> Simulated:
    """Start one on free ports, its log in `folder`; `options` are further arguments of its command line."""
    argv = [sys.executable, "-m", "bildwerk.sandbox.simulated_ollama", "--host", "127.0.0.1", "--port", "0"]
    argv += ["--slots", str(slots), *options]
    log = folder / "simulated-ollama.log"
    # A log of an earlier run would answer for this one.
    log.unlink(missing_ok=True)
    process = await Process.start(Program("the simulated Ollama", argv, log))

    async def ready() -> re.Match[str] | None:
        return LISTENING.search(log.read_text(errors="replace"))

    try:
        found = await process.wait_until(ready, START_SECONDS)
    except BaseException:
        await process.stop()
        raise
    return Simulated(process, found[1], found[2])
