"""What the tests of the architecture read."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Return every file that git tracks."""
    if not (root / ".git").exists():
        pytest.skip("not a git checkout")
    # A checkout may belong to somebody else than the one who tests it.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return [root / name for name in listing.split("\0") if name and (root / name).is_file()]


@pytest.fixture(scope="session")
def sources(root: Path) -> list[Path]:
    """Return the Python files of the rooms."""
    rooms = ("contracts", "db", "handlers", "consumers", "bildwerk")
    return sorted(path for room in rooms for path in (root / room).rglob("*.py"))
