"""The engine as a child process."""

import re
import sys
from pathlib import Path
from typing import NamedTuple

from bench.engine.front import Way
from bildwerk.sandbox.process import Process, Program

START_SECONDS = 120.0
MEMORY = 8192
"""MiB of the host's memory for prompts that lost their slot: llama.cpp's own (`--cache-ram`), and so Ollama's."""
_LISTENING = re.compile(r"^listening (\S+)$", re.MULTILINE)


class Engine(NamedTuple):
    """A running engine, and the URL that stands for Ollama's."""

    process: Process
    url: str


async def start_engine(folder: Path, models: tuple[Path, Path], slots: int, way: Way, memory: int = MEMORY) -> Engine:
    """Start an engine with these models (text, projector) on a free port, its log in `folder`. Raises SandboxError."""
    log = folder / f"{models[0].stem}-{slots}-{memory}.log"
    argv = [sys.executable, "-m", "bench.engine", *map(str, models)]
    argv += ["--slots", str(slots), "--way", way, "--memory", str(memory)]
    process = await Process.start(Program("the engine", argv, log))

    async def ready() -> re.Match[str] | None:
        return _LISTENING.search(log.read_text(errors="replace"))

    try:
        found = await process.wait_until(ready, START_SECONDS)
    except BaseException:
        await process.stop()
        raise
    return Engine(process, found[1])
