"""That a hanging test ends, and the run goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
TESTS = """
import asyncio, time

def test_that_sleeps():
    time.sleep(3600)

async def test_that_waits():
    await asyncio.Event().wait()

def test_after_them():
    pass
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_hanging_test_fails_by_name_and_the_next_one_runs(tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.hanging",
        "-p",
        "no:cacheprovider",
        "--numprocesses",
        workers,
    ]
    done = subprocess.run(
        [*command, "-q", "-o", "asyncio_mode=auto", "test_it.py"], cwd=tmp_path, check=False, capture_output=True,
        text=True, timeout=300, env=os.environ | {"TEST_LIMIT_SECONDS": "1", "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip

    assert "test_it.py::test_that_sleeps hung" in done.stdout
    assert "test_it.py::test_that_waits hung" in done.stdout
    assert "2 failed, 1 passed" in done.stdout
