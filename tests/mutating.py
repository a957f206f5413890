"""Taking code away in copies of the product, and running tests there: what a test proves is what it misses."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*-output", "build", "dist")
LONGEST_SECONDS = 300
COPIES: Final = 2
RED = re.compile(r"^FAILED (tests/\S+?\.py::.+?)(?: - (.*))?$", re.MULTILINE)
BROKEN = re.compile(r"^ERROR tests/", re.MULTILINE)

Edit = tuple[str, str, str]
"""File, text that is there once, text that takes its place."""


@dataclass(frozen=True)
class Copies:
    """Copies of the product that are free to be changed."""

    free: "SimpleQueue[Path]"

    def try_out(self, what: str, edits: Sequence[Edit], nodes: Sequence[str]) -> dict[str, str]:
        """Make the edits, run the tests, undo them; the red ones, and what pytest says of them. Waits for a copy.

        Raises ValueError where a text is not there exactly once, and RuntimeError where the tests could not be run.
        """
        copy = self.free.get()
        try:
            return _try_out(copy, what, edits, nodes)
        finally:
            self.free.put(copy)


@contextmanager
def make_copies(number: int = COPIES) -> Iterator[Copies]:
    """As many copies, in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="bildwerk-mutate-") as place:
        free: SimpleQueue[Path] = SimpleQueue()
        for each in range(number):
            shutil.copytree(ROOT, Path(place) / str(each), ignore=LEFT_OUT)
            free.put(Path(place) / str(each))
        yield Copies(free)


def list_misfits(edits: Iterable[Edit]) -> list[Edit]:
    """The edits whose text is not there exactly once."""
    return [edit for edit in edits if (ROOT / edit[0]).read_text("utf-8").count(edit[1]) != 1]


def _try_out(copy: Path, what: str, edits: Sequence[Edit], nodes: Sequence[str]) -> dict[str, str]:
    originals = {file: (copy / file).read_text("utf-8") for file, _, _ in edits}
    try:
        for file, old, new in edits:
            text = (copy / file).read_text("utf-8")
            if text.count(old) != 1:
                raise ValueError(f"{what}: {file} holds {text.count(old)} times {old!r}")
            (copy / file).write_text(text.replace(old, new), "utf-8")
        return _run(copy, what, nodes)
    finally:
        for file, text in originals.items():
            (copy / file).write_text(text, "utf-8")


def _run(copy: Path, what: str, nodes: Sequence[str]) -> dict[str, str]:
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *nodes]
    wide = {"TEST_KAFKA": "0", **os.environ, "COLUMNS": "160"}
    with subprocess.Popen(command, cwd=copy, env=wide, stdout=subprocess.PIPE, text=True) as running:
        try:
            said = running.communicate(timeout=LONGEST_SECONDS)[0]
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)  # it stops its services, then says nothing of use
            running.communicate()
            return dict.fromkeys(nodes, "takes too long")
    if running.returncode not in (0, 1) or BROKEN.search(said):
        raise RuntimeError(f"{what}: the tests could not be run:\n{said[-3000:]}")
    return dict(RED.findall(said))
