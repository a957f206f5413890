"""Bringing folders in: what counts, that a second run does nothing, that changed bytes are an update."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bildwerk.ingest import BATCH, OutsideRoot, Tally, find_files, ingest
from db.pool import Database, Pool, open_pool
from handlers.runner.planning import Planner
from tests.ledger import TEXTS, choose

PLANNER = Planner(choose(*TEXTS))


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """A pool on a database of this test's own."""
    async with open_pool(Database(database, lock_timeout=25.0)) as opened:
        yield opened


def fill(root: Path, *names: str) -> list[str]:
    """Files below `root`, each with its name as its bytes."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return sorted(names)


async def events(pool: Pool) -> list[tuple[str, str, object]]:
    """What the outbox holds, in order."""
    return [
        (r["type"], r["aggregateid"], r["payload"])
        for r in await pool.fetch("SELECT * FROM bildwerk.outbox ORDER BY id")
    ]


def test_pictures_are_found_by_suffix_and_hidden_ones_left_out(tmp_path: Path) -> None:
    wanted = fill(tmp_path, "b.JPG", "a/c.heic", "a/ü.webp")
    fill(tmp_path, "readme.txt", ".hidden.png", ".git/x.png", "a/.thumbs/y.jpg", "a/z.jpg.part")

    assert sorted(find_files(tmp_path, [tmp_path])) == wanted


def test_a_file_named_twice_counts_once(tmp_path: Path) -> None:
    fill(tmp_path, "a/b.png")

    assert list(find_files(tmp_path, [tmp_path / "a", tmp_path / "a/b.png", tmp_path])) == ["a/b.png"]


def test_a_file_named_by_itself_needs_no_suffix(tmp_path: Path) -> None:
    fill(tmp_path, "scan")

    assert list(find_files(tmp_path, [tmp_path / "scan"])) == ["scan"]


def test_paths_outside_the_root_and_missing_ones_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "in/a.png", "out/b.png")

    with pytest.raises(OutsideRoot):
        list(find_files(tmp_path / "in", [tmp_path / "out"]))
    with pytest.raises(FileNotFoundError):
        list(find_files(tmp_path / "in", [tmp_path / "in/none.png"]))


async def test_new_files_are_rows_planned_and_announced(pool: Pool, tmp_path: Path) -> None:
    names = fill(tmp_path, "a.jpg", "b/c.png")

    tally = await ingest(pool, PLANNER, tmp_path, names)

    assert tally == Tally(added=2)
    rows = await pool.fetch("SELECT * FROM public.media ORDER BY path")
    assert [(r["path"], r["mime_type"], r["file_size"]) for r in rows] == [
        ("a.jpg", "image/jpeg", 5),
        ("b/c.png", "image/png", 7),
    ]
    assert rows[0]["hash"] == hashlib.sha256(b"a.jpg").hexdigest()
    ids = [r["id"] for r in rows]
    assert await events(pool) == [("media.created", str(i), {"media_id": i}) for i in ids]
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.media WHERE seen AND inspect_at IS NOT NULL") == 2


async def test_a_whole_library_may_let_everything_else_go_first(pool: Pool, tmp_path: Path) -> None:
    await ingest(pool, PLANNER, tmp_path, fill(tmp_path, "a.png"), priority=-100)
    await ingest(pool, PLANNER, tmp_path, fill(tmp_path, "b.png"))

    assert await pool.fetch("SELECT id, priority FROM bildwerk.media ORDER BY id") == [(1, -100), (2, 0)]


async def test_a_second_run_does_nothing(pool: Pool, tmp_path: Path) -> None:
    names = fill(tmp_path, "a.jpg", "b.jpg")
    await ingest(pool, PLANNER, tmp_path, names)
    before = await pool.fetch(
        "SELECT m.*, b.xmin FROM public.media AS m JOIN bildwerk.media AS b USING (id) ORDER BY id"
    )
    for name in names:
        os.utime(tmp_path / name, (1, 1))

    tally = await ingest(pool, PLANNER, tmp_path, names)

    assert tally == Tally(same=2)
    assert len(await events(pool)) == 2
    after = await pool.fetch(
        "SELECT m.*, b.xmin FROM public.media AS m JOIN bildwerk.media AS b USING (id) ORDER BY id"
    )
    assert after == before


async def test_changed_bytes_are_an_update_even_with_the_same_size_and_time(pool: Pool, tmp_path: Path) -> None:
    names = fill(tmp_path, "a.jpg", "b.jpg")
    times = (tmp_path / "a.jpg").stat()
    await ingest(pool, PLANNER, tmp_path, names)
    before = await pool.fetchrow("SELECT * FROM public.media WHERE path = 'a.jpg'")
    (tmp_path / "a.jpg").write_bytes(b"other")
    os.utime(tmp_path / "a.jpg", ns=(times.st_atime_ns, times.st_mtime_ns))

    tally = await ingest(pool, PLANNER, tmp_path, names)

    assert tally == Tally(changed=1, same=1)
    after = await pool.fetchrow("SELECT * FROM public.media WHERE path = 'a.jpg'")
    assert after["hash"] == hashlib.sha256(b"other").hexdigest()
    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]
    assert (await events(pool))[2:] == [("media.updated", str(after["id"]), {"media_id": after["id"]})]


async def test_a_file_that_cannot_be_read_leaves_its_neighbours_alone(pool: Pool, tmp_path: Path) -> None:
    names = fill(tmp_path, "a.jpg")

    tally = await ingest(pool, PLANNER, tmp_path, ["gone.jpg", *names, "bad\udcff.jpg"])

    assert tally == Tally(added=1, unreadable=("gone.jpg", "bad\udcff.jpg"))


async def test_what_is_no_file_below_the_root_is_not_waited_for(pool: Pool, tmp_path: Path) -> None:
    root = tmp_path / "media"
    names = fill(root, "a.jpg")
    fill(tmp_path, "theirs.jpg")
    os.mkfifo(root / "pipe.jpg")
    (root / "out.jpg").symlink_to(tmp_path / "theirs.jpg")

    async with asyncio.timeout(30):
        tally = await ingest(pool, PLANNER, root, ["out.jpg", "pipe.jpg", *names])

    assert tally == Tally(added=1, unreadable=("out.jpg", "pipe.jpg"))


async def test_two_at_once_announce_each_file_once(pool: Pool, tmp_path: Path) -> None:
    names = fill(tmp_path, *(f"{n:03}.jpg" for n in range(BATCH + 50)))

    tallies = await asyncio.gather(*(ingest(pool, PLANNER, tmp_path, names) for _ in range(3)))

    assert sum(tally.added for tally in tallies) == len(names)
    assert len(await events(pool)) == len(names)


async def test_what_was_told_is_kept_when_it_is_stopped(pool: Pool, tmp_path: Path) -> None:
    names = fill(tmp_path, *(f"{n:03}.jpg" for n in range(3 * BATCH)))
    told: list[Tally] = []

    def stop(tally: Tally) -> None:
        told.append(tally)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await ingest(pool, PLANNER, tmp_path, names, stop)

    assert await pool.fetchval("SELECT count(*) FROM public.media") == told[-1].added == BATCH
    assert (await ingest(pool, PLANNER, tmp_path, names)) == Tally(added=2 * BATCH, same=BATCH)
