"""The file by which a running stack is found again: it lives as long as its lock is held."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.failure import SandboxError


def locate_state(folder: Path | None = None) -> Path:
    """Return the state file of the stack whose data is in `folder`, or of the one without a folder of its own."""
    if folder is not None:
        return folder / "sandbox.json"
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "bildwerk" / "sandbox.json"


@contextmanager
def hold_state(path: Path) -> Iterator[IO[str]]:
    """Hold the lock of the state file; SandboxError when a running stack does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        if not _lock(file):
            raise SandboxError(
                f"a sandbox is already running on {path.parent}: `bildwerk sandbox status` says where, "
                "`bildwerk sandbox down` stops it (with --folder, if it has one)"
            )
        file.truncate()
        try:
            yield file
        finally:
            file.seek(0)
            file.truncate()


def write_state(file: IO[str], stack: Stack) -> None:
    """Say where the parts are."""
    file.seek(0)
    json.dump(asdict(stack), file)
    file.flush()


def read_state(path: Path) -> Stack | None:
    """Return the running stack, and None when there is none (or it is not ready yet)."""
    try:
        with path.open() as file:
            text = "" if _lock(file, fcntl.LOCK_SH) else file.read()
    except FileNotFoundError:
        return None
    return Stack(**json.loads(text)) if text else None


def is_held(path: Path) -> bool:
    """Whether a stack runs, starts or stops behind this file."""
    try:
        with path.open() as file:
            return not _lock(file, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _lock(file: IO[str], kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
