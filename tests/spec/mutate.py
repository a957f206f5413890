"""Take the code behind each cell away, in a copy of the product, and show which cell turned red.

Usage: `python -m tests.spec.mutate [CELL ...]`. Not run by pytest. Exit status 1: a cell stayed green, so one of its
assertions proves nothing; 2: a cell is red without any change.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.spec.change import Change
from tests.spec.changes import CHANGES

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*-output", "build", "dist")
LONGEST_SECONDS = 300
COPIES = 2
RED = re.compile(r"^FAILED tests/spec/test_cells\.py::test_cell\[(.+?)\](?: - (.*))?$", re.MULTILINE)
BROKEN = re.compile(r"^ERROR tests/", re.MULTILINE)


def main(wanted: list[str]) -> int:
    """Try every change, or those of the cells named."""
    stayed_green = 0
    with tempfile.TemporaryDirectory(prefix="bildwerk-mutate-") as place, ThreadPoolExecutor(COPIES) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(COPIES):
            shutil.copytree(ROOT, Path(place) / str(number), ignore=LEFT_OUT)
            copies.put(Path(place) / str(number))

        def run(change: Change) -> dict[str, str]:
            copy = copies.get()
            try:
                return try_out(copy, change, choose(change, wanted))
            finally:
                copies.put(copy)

        every = {cell for change in CHANGES for cell in choose(change, wanted)}
        if red := run(Change(tuple(sorted(every)), "nothing", ())):
            print(f"red as it is: {', '.join(sorted(red))}")  # noqa: T201
            return 2
        changes = [change for change in CHANGES if choose(change, wanted)]
        for change, red in zip(changes, pool.map(run, changes), strict=True):
            for cell in choose(change, wanted):
                seen = f"red: {red[cell]}" if cell in red else "STAYED GREEN"
                print(f"{cell:<18} {change.what:<40} {seen}", flush=True)  # noqa: T201
                stayed_green += cell not in red
    return 1 if stayed_green else 0


def choose(change: Change, wanted: list[str]) -> list[str]:
    """The cells that are to be tried with this change."""
    return [cell for cell in change.cells if not wanted or cell in wanted]


def try_out(copy: Path, change: Change, cells: list[str]) -> dict[str, str]:
    """Apply the change, run the cells, undo it; the ids of the red ones, and what pytest says of them.

    Raises ValueError where a text is not there exactly once, and RuntimeError where the cells could not even be tried.
    """
    originals = {file: (copy / file).read_text() for file, _, _ in change.edits}
    try:
        for file, old, new in change.edits:
            text = (copy / file).read_text()
            if text.count(old) != 1:
                raise ValueError(f"{change.what}: {file} holds {text.count(old)} times {old!r}")
            (copy / file).write_text(text.replace(old, new))
        nodes = [f"tests/spec/test_cells.py::test_cell[{cell}]" for cell in cells]
        command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *nodes]
        wide = {**os.environ, "COLUMNS": "160"}
        with subprocess.Popen(command, cwd=copy, env=wide, stdout=subprocess.PIPE, text=True) as running:
            try:
                said = running.communicate(timeout=LONGEST_SECONDS)[0]
            except subprocess.TimeoutExpired:
                running.send_signal(signal.SIGINT)  # it stops its services, then says nothing of use
                running.communicate()
                return dict.fromkeys(cells, "takes too long")
        if running.returncode not in (0, 1) or BROKEN.search(said):
            raise RuntimeError(f"{change.what}: the cells could not be tried:\n{said[-3000:]}")
        return dict(RED.findall(said))
    finally:
        for file, text in originals.items():
            (copy / file).write_text(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
