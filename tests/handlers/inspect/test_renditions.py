"""The cache of renditions: bounded, shared, indifferent to damage."""

import fcntl
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from handlers.inspect.renditions import RenditionCache

RECIPE = "1024-q85-r1"


def name(number: int) -> str:
    """Return a content hash."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def used(folder: Path) -> int:
    """Return the bytes of all renditions."""
    return sum(path.stat().st_size for path in folder.glob("*/*/*.jpg"))


def age(folder: Path, number: int, seconds: int) -> None:
    """Make a rendition look last used that long after the epoch."""
    (path,) = folder.glob(f"*/*/{name(number)}.jpg")
    os.utime(path, (seconds, seconds))


def test_what_was_put_is_got(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path / "not" / "there yet", 10_000)
    assert cache.get(name(1), RECIPE) is None
    cache.put(name(1), RECIPE, b"one")
    cache.put(name(1), "512-q85-r1", b"smaller")
    assert cache.get(name(1), RECIPE) == b"one"
    assert cache.get(name(1), "512-q85-r1") == b"smaller"
    assert cache.get(name(2), RECIPE) is None
    cache.put(name(1), RECIPE, b"again")
    assert RenditionCache(tmp_path / "not" / "there yet", 10_000).get(name(1), RECIPE) == b"again"


def test_the_least_recently_used_are_deleted(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path, 10_000)
    for number in range(10):
        cache.put(name(number), RECIPE, bytes(900))
        age(tmp_path, number, 1000 + number)
    cache.get(name(0), RECIPE)
    cache.put(name(10), RECIPE, bytes(900))
    assert used(tmp_path) <= 10_000
    assert cache.get(name(0), RECIPE) is not None
    assert cache.get(name(10), RECIPE) is not None
    assert cache.get(name(1), RECIPE) is None


def test_the_limit_covers_what_older_recipes_and_processes_left(tmp_path: Path) -> None:
    old = RenditionCache(tmp_path, 1_000_000)
    for number in range(30):
        old.put(name(number), "512-q85-r0", bytes(900))
        age(tmp_path, number, 1000 + number)
    RenditionCache(tmp_path, 10_000).put(name(99), RECIPE, bytes(900))
    assert used(tmp_path) <= 10_000
    assert RenditionCache(tmp_path, 10_000).get(name(99), RECIPE) is not None


@pytest.mark.parametrize("damage", [b"", b"short", bytes(935), b"x" * 5000])
def test_damaged_renditions_are_no_renditions(tmp_path: Path, damage: bytes) -> None:
    cache = RenditionCache(tmp_path, 10_000)
    cache.put(name(1), RECIPE, b"j" * 903)
    (path,) = tmp_path.glob("*/*/*.jpg")
    path.write_bytes(damage)
    assert cache.get(name(1), RECIPE) is None
    assert not path.exists()
    cache.put(name(1), RECIPE, b"j" * 903)
    assert cache.get(name(1), RECIPE) == b"j" * 903


def test_foreign_files_are_left_alone_and_old_leftovers_removed(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path, 1000)
    cache.put(name(1), RECIPE, bytes(10))
    shelf = tmp_path / RECIPE / name(1)[:2]
    foreign = [tmp_path / "README", shelf / "holiday.jpg", shelf / f"{name(1)}.jpg.bak"]
    for path in foreign:
        path.write_bytes(bytes(5000))
    (shelf / f"{name(7)}.jpg").mkdir()
    leftover, young = shelf / ".dead.tmp", shelf / ".alive.tmp"
    leftover.touch()
    young.touch()
    os.utime(leftover, (0, 0))
    for number in range(2, 9):
        cache.put(name(number), RECIPE, bytes(400))
    assert all(path.exists() for path in foreign)
    assert not leftover.exists()
    assert young.exists()


def test_a_cache_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = RenditionCache(tmp_path / "file", 1000)
    cache.put(name(1), RECIPE, b"one")
    assert cache.get(name(1), RECIPE) is None


def test_only_content_hashes_are_names(tmp_path: Path) -> None:
    for bad in ("../../escape", "A" * 64, "", name(1) + "\n"):
        with pytest.raises(ValueError, match="SHA-256"):
            RenditionCache(tmp_path, 1000).get(bad, RECIPE)


def test_whoever_must_evict_waits_for_another_that_does(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path, 1000)
    cache.put(name(1), RECIPE, bytes(900))
    with (tmp_path / ".lock").open("w") as another:
        fcntl.flock(another, fcntl.LOCK_EX)
        writer = threading.Thread(target=cache.put, args=(name(2), RECIPE, bytes(900)))
        writer.start()
        writer.join(0.1)
        assert writer.is_alive()
    writer.join()
    assert used(tmp_path) <= 1000


BUSY = """
import hashlib, sys
from pathlib import Path
from handlers.inspect.renditions import RenditionCache
cache = RenditionCache(Path(sys.argv[1]), 200_000)
for turn in range(600):
    name = hashlib.sha256(str(turn * int(sys.argv[2]) % 97).encode()).hexdigest()
    whole = name.encode() * 60
    found = cache.get(name, "r")
    assert found in (None, whole), "torn"
    if found is None:
        cache.put(name, "r", whole)
"""


def test_several_processes_share_a_folder(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    busy = [
        subprocess.Popen(
            [sys.executable, "-c", BUSY, str(tmp_path), str(step)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for step in (1, 5, 7)
    ]
    outputs = [process.communicate()[0] for process in busy]
    assert [process.returncode for process in busy] == [0, 0, 0], outputs
    assert outputs == [b"", b"", b""]
    assert 0 < used(tmp_path) <= 200_000 * (1 + 3 / 16) + 4000
    assert not list(tmp_path.glob("*/*/.*.tmp"))
