"""Child processes that decode: what they bear, and that none is left behind."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import ExifTags, Image

from contracts.embedded import Embedded
from contracts.moments import Taken
from handlers.failures import Invalid, Stale, Unavailable
from handlers.inspect.answers import Answer
from handlers.inspect.embedded.telling import MAX_PROMPT
from handlers.inspect.frames import Header
from handlers.inspect.limits import MIB, PictureLimits
from handlers.inspect.measuring import measure
from handlers.inspect.perceptual import hash_perceptually, sketch
from handlers.inspect.pool import PicturePool
from handlers.inspect.references import MediaRoot
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Sources
from tests.handlers.inspect import corpus
from tests.handlers.inspect.corpus import JPEG, encode, scene
from tests.handlers.inspect.metadata import ASCII, exif, with_texts

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, or limits memory")

ROOMY = PictureLimits()


class Library:
    """A media root with files in it, and a cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "media"
        self.folder.mkdir()
        self.cache = RenditionCache(folder / "cache", 100 * MIB)

    def add(self, name: str, data: bytes) -> str:
        """Write a file and return its content hash."""
        (self.folder / name).write_bytes(data)
        return hashlib.sha256(data).hexdigest()

    def pool(self, processes: int = 2, limits: PictureLimits = ROOMY) -> PicturePool:
        """Return a pool over it, not entered yet."""
        return PicturePool(Sources({"": MediaRoot(self.folder)}), limits, self.cache, processes)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Return a library with one good picture, and nothing else."""
    made = Library(tmp_path)
    made.add("good.jpg", JPEG)
    return made


@pytest_asyncio.fixture
async def pool(library: Library) -> AsyncIterator[PicturePool]:
    """Return a pool of two over the library."""
    async with library.pool() as entered:
        yield entered


@pytest.fixture(scope="module")
def heavy() -> bytes:
    """Return a picture of 49 megapixels, 50 kB: a second of work and 400 MB for a decoder."""
    return corpus.transparent_plane(7000, 7000)


def exists(pid: int) -> bool:
    """Return whether this process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_until_gone(pids: Iterable[int], seconds: float = 20) -> None:
    """Fail unless all of them end in time."""
    deadline = time.monotonic() + seconds
    while alive := [pid for pid in pids if exists(pid)]:
        assert time.monotonic() < deadline, f"still there: {alive}"
        time.sleep(0.02)


def resident(pid: int) -> int:
    """Return the bytes of memory that this process uses, 0 when it is gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


async def test_a_picture_is_hashed_decoded_and_cached_in_one_go(library: Library, pool: PicturePool) -> None:
    data = encode(scene((2000, 1500)), "PNG")
    content_hash = library.add("large.png", data)
    os.utime(library.folder / "large.png", (1_700_000_000, 1_700_000_000.5))
    seen = await pool.inspect("large.png")
    assert (seen.content_hash, seen.size, seen.mtime) == (content_hash, len(data), 1_700_000_000.5)
    picture = seen.picture
    assert (picture.format, picture.width, picture.height) == ("PNG", 2000, 1500)
    assert picture.pixel_hash == hashlib.sha256(scene((2000, 1500)).tobytes()).hexdigest()
    assert picture.unreadable is None
    (library.folder / "large.png").unlink()
    rendition = await pool.rendition("large.png", content_hash)
    with Image.open(BytesIO(rendition)) as image:
        assert (image.format, image.size) == ("JPEG", (1024, 768))


async def test_what_a_generator_wrote_comes_out_of_the_child_once(library: Library, pool: PicturePool) -> None:
    prompt = "🌊" * MAX_PROMPT
    text = json.dumps({"sui_image_params": {"prompt": prompt, "negativeprompt": prompt, "seed": 2**64 - 1}})
    content_hash = library.add("drawn.png", with_texts(scene(), {"parameters": text}))
    expected = Embedded(generator="swarmui", prompt=prompt, negative_prompt=prompt, seed=2**64 - 1)
    assert (await pool.inspect("drawn.png")).picture.embedded == expected
    assert (await pool.inspect("drawn.png", measured=content_hash)).picture.embedded is None
    assert (await pool.inspect("good.jpg")).picture.embedded is None


async def test_sketch_and_moment_come_out_of_the_child_once(library: Library, pool: PicturePool) -> None:
    block = exif({}, {ExifTags.Base.DateTimeOriginal: (ASCII, b"2024:05:17 18:30:59")})
    content_hash = library.add("taken.png", encode(scene(), "PNG", exif=block))
    picture = (await pool.inspect("taken.png")).picture
    assert picture.sketch == sketch(scene())
    assert picture.taken == Taken(at=datetime(2024, 5, 17, 18, 30, 59))  # noqa: DTZ001 - cameras know no zone
    again = (await pool.inspect("taken.png", measured=content_hash)).picture
    assert (again.sketch, again.taken) == (None, None)
    assert (await pool.inspect("good.jpg")).picture.taken is None


@pytest.mark.parametrize(
    "said",
    [{"sketch": "AAAA"}, {"sketch": "AAAA" * 768 + "\n"}, {"sketch": 7}, {"taken": {}}, {"taken": 7}, {"measures": {}}],
)
def test_what_no_child_of_ours_says_is_not_believed(said: Header) -> None:
    with pytest.raises((ValueError, TypeError)):
        Answer(source={"size": 1}, decoded={"format": "PNG", **said}).read_picture()


async def test_a_rendition_is_made_again_from_the_file_with_the_same_bytes(library: Library, pool: PicturePool) -> None:
    content_hash = (await pool.inspect("good.jpg")).content_hash
    assert content_hash is not None
    first = await pool.rendition("good.jpg", content_hash)
    library.cache = RenditionCache(library.folder.parent / "another", MIB)
    async with library.pool() as other:
        assert await other.rendition("good.jpg", content_hash) == first
        (library.folder / "good.jpg").unlink()
        assert await other.rendition("good.jpg", content_hash) == first


async def test_m19_a_file_with_other_bytes_gives_no_rendition(library: Library, pool: PicturePool) -> None:
    """P4."""
    old = hashlib.sha256(JPEG).hexdigest()
    for data in (encode(scene(), "PNG"), b"", b"no picture"):
        library.add("good.jpg", data)
        with pytest.raises(Stale, match="content_changed"):
            await pool.rendition("good.jpg", old)
    library.add("good.jpg", JPEG)
    assert await pool.rendition("good.jpg", old)


async def test_an_unreadable_picture_has_no_rendition(library: Library, pool: PicturePool) -> None:
    content_hash = library.add("cut.jpg", JPEG[:-9])
    with pytest.raises(Invalid, match="truncated_picture"):
        await pool.rendition("cut.jpg", content_hash)


async def test_hashing_reads_the_bytes_of_now(library: Library, pool: PicturePool) -> None:
    assert await pool.hash("good.jpg") == hashlib.sha256(JPEG).hexdigest()
    assert await pool.hash("good.jpg") != library.add("good.jpg", b"other")
    library.add("good.jpg", JPEG[:-1])
    assert await pool.hash("good.jpg") == hashlib.sha256(JPEG[:-1]).hexdigest()


async def test_a_metadata_bomb_is_a_picture_without_its_metadata(library: Library, pool: PicturePool) -> None:
    for name, make in corpus.BOMBS.items():
        library.add(name, make())
    for name in corpus.BOMBS:
        seen = await pool.inspect(name)
        assert (seen.picture.unreadable, seen.detail) == (None, "metadata_bomb")
        assert seen.content_hash is not None
        assert await pool.rendition(name, seen.content_hash)


async def test_m1_to_m18_one_clear_reason_each_and_neighbours_go_on(library: Library, pool: PicturePool) -> None:
    for name, (make, _) in corpus.REFUSED.items():
        library.add(name, make())
        library.add(f"{name}, good neighbour", JPEG)
    library.add("empty", b"")
    with (library.folder / "large").open("wb") as sparse:
        sparse.truncate(ROOMY.max_bytes + 1)
    expected = {name: reason for name, (_, reason) in corpus.REFUSED.items()}
    expected |= {"empty": "empty_file", "large": "file_too_large"}
    names = [path.name for path in sorted(library.folder.iterdir())]
    inspections = await asyncio.gather(*map(pool.inspect, names))
    assert {
        name: inspection.picture.unreadable
        for name, inspection in zip(names, inspections, strict=True)
        if inspection.picture.unreadable is not None
    } == expected
    unread = [name for name, seen in zip(names, inspections, strict=True) if not seen.content_hash]
    assert unread == ["large"]
    assert len(pool.pids) == 2


async def test_references_that_lead_to_no_file_are_raised(library: Library, pool: PicturePool) -> None:
    (library.folder / "folder").mkdir()
    calls: list[Callable[[str], object]] = [pool.inspect, pool.hash]
    for reference, reason in (
        ("missing.jpg", "missing_file"),
        ("../media/good.jpg", "bad_reference"),
        ("/dev/zero", "bad_reference"),
        ("\ud800", "bad_reference"),
        ("folder", "not_a_file"),
    ):
        for call in calls:
            with pytest.raises(Invalid, match=reason):
                await call(reference)  # type: ignore[misc]
    assert (await pool.inspect("good.jpg")).picture.unreadable is None


async def test_a_bug_in_a_child_is_named_and_kills_nobody(pool: PicturePool) -> None:
    await pool.inspect("good.jpg")
    before = pool.pids
    answer = await pool._insist({"root": "", "reference": 7, "decode": "yes", "measured": None}, b"")
    with pytest.raises(RuntimeError, match="TypeError"):
        answer.read_source()
    assert (await pool.inspect("good.jpg")).picture.unreadable is None
    assert pool.pids == before


async def test_an_absent_media_root_is_waited_for(library: Library, pool: PicturePool) -> None:
    away = library.folder.with_name("unmounted")
    library.folder.rename(away)
    with pytest.raises(Unavailable, match="media_root_unavailable"):
        await pool.inspect("good.jpg")
    away.rename(library.folder)
    assert (await pool.inspect("good.jpg")).picture.unreadable is None


@linux_only
async def test_m21_more_memory_than_allowed_fails_only_that_picture(library: Library, heavy: bytes) -> None:
    library.add("heavy.png", heavy)
    async with library.pool(limits=PictureLimits(child_memory=400 * MIB)) as small:
        names = ["good.jpg", "heavy.png", "good.jpg", "good.jpg"]
        seen = await asyncio.gather(*map(small.inspect, names))
        reasons = [inspection.picture.unreadable for inspection in seen]
        assert reasons == [None, "decoder_out_of_memory", None, None]
        assert seen[1].content_hash == hashlib.sha256(heavy).hexdigest()
    async with library.pool() as large:
        assert (await large.inspect("heavy.png")).picture.unreadable is None


async def test_m21_more_time_than_allowed_fails_only_that_picture(library: Library, heavy: bytes) -> None:
    content_hash = library.add("heavy.png", heavy)
    async with library.pool(limits=PictureLimits(child_seconds=0.05)) as hasty:
        seen = await hasty.inspect("heavy.png")
        assert seen.picture.unreadable == "decoder_timeout"
        assert seen.content_hash == content_hash
        assert await hasty.hash("heavy.png") == content_hash


@linux_only
async def test_m21_a_crash_fails_only_that_picture(library: Library, heavy: bytes) -> None:
    library.add("heavy.png", heavy)
    killed: set[int] = set()

    async def kill_whoever_decodes_it(pool: PicturePool) -> None:
        while True:
            for pid in pool.pids - killed:
                if resident(pid) > 120 * MIB:
                    os.kill(pid, signal.SIGSEGV)
                    killed.add(pid)
            await asyncio.sleep(0.005)

    async with library.pool() as pool, asyncio.TaskGroup() as tasks:
        killer = tasks.create_task(kill_whoever_decodes_it(pool))
        names = ["heavy.png"] + ["good.jpg"] * 20
        seen = await asyncio.gather(*map(pool.inspect, names))
        killer.cancel()
    assert [inspection.picture.unreadable for inspection in seen[1:]] == [None] * 20
    assert seen[0].picture.unreadable == "decoder_crashed"
    assert seen[0].content_hash == hashlib.sha256(heavy).hexdigest()
    assert len(killed) == 2  # the second one fresh: a crash by chance is not held against a picture


async def test_children_that_died_while_idle_are_replaced(pool: PicturePool) -> None:
    await asyncio.gather(*(pool.inspect("good.jpg") for _ in range(8)))
    before = pool.pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until_gone(before)
    assert len(before) == 2
    assert (await pool.inspect("good.jpg")).picture.unreadable is None  # not from the other dead one
    seen = await asyncio.gather(*(pool.inspect("good.jpg") for _ in range(8)))
    assert {inspection.picture.unreadable for inspection in seen} == {None}
    assert not before & pool.pids
    assert 1 <= len(pool.pids) <= 2


@linux_only
async def test_a_decoder_that_stood_still_once_is_not_held_against_its_picture(library: Library, heavy: bytes) -> None:
    """The whole machine may have: asleep, or at its memory's end."""
    library.add("heavy.png", heavy)
    async with library.pool(processes=1, limits=PictureLimits(child_seconds=20.0)) as single:
        await single.hash("good.jpg")
        (pid,) = single.pids
        looking = asyncio.create_task(single.inspect("heavy.png"))
        while resident(pid) < 100 * MIB and not looking.done():
            await asyncio.sleep(0.005)
        os.kill(pid, signal.SIGSTOP)
        seen = await looking
        assert pid not in single.pids
    assert seen.picture.unreadable is None
    wait_until_gone([pid])


async def test_a_store_that_hangs_is_unavailable(library: Library) -> None:
    async with library.pool(processes=1) as impatient:
        await impatient.hash("good.jpg")
        (pid,) = impatient.pids
        os.kill(pid, signal.SIGSTOP)
        impatient._limits = PictureLimits(read_seconds=0.2)  # from now on: a busy machine takes longer for a good one
        with pytest.raises(Unavailable, match="media_root_unavailable"):
            await impatient.inspect("good.jpg")
    wait_until_gone([pid])


async def test_children_are_started_when_needed_and_used_again(pool: PicturePool) -> None:
    assert pool.pids == frozenset()
    await pool.inspect("good.jpg")
    first = pool.pids
    assert len(first) == 1
    for _ in range(5):
        await pool.inspect("good.jpg")
    assert pool.pids == first


async def test_giving_up_a_picture_frees_its_child(library: Library, heavy: bytes) -> None:
    library.add("heavy.png", heavy)
    async with library.pool(processes=1) as single:
        await single.hash("good.jpg")
        before = single.pids
        task = asyncio.create_task(single.inspect("heavy.png"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await single.inspect("good.jpg")).picture.unreadable is None
        given_up = asyncio.create_task(single.inspect("heavy.png"))
        await asyncio.sleep(0.1)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert (await single.inspect("good.jpg")).picture.unreadable is None
        assert not before & single.pids
        after = single.pids
    wait_until_gone(before | after)


async def test_leaving_the_pool_ends_all_children_busy_ones_too(library: Library, heavy: bytes) -> None:
    library.add("heavy.png", heavy)
    async with library.pool() as entered:
        await asyncio.gather(*(entered.inspect("good.jpg") for _ in range(4)))
        busy = asyncio.create_task(entered.inspect("heavy.png"))
        await asyncio.sleep(0.1)
        pids = entered.pids
        busy.cancel()
    assert pids
    assert entered.pids == frozenset()
    assert not [pid for pid in pids if exists(pid)]


@linux_only
async def test_children_know_no_secrets(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:SECRET@localhost/db")
    async with library.pool(processes=1) as pool:
        await pool.inspect("good.jpg")
        (pid,) = pool.pids
        assert b"SECRET" not in Path(f"/proc/{pid}/environ").read_bytes()


PARENT = """
import asyncio, signal, sys
from pathlib import Path
from handlers.inspect.limits import PictureLimits
from handlers.inspect.pool import PicturePool
from handlers.inspect.references import MediaRoot
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Sources

async def main():
    folder = Path(sys.argv[1])
    cache = RenditionCache(folder / "cache", 1_000_000)
    async with PicturePool(Sources({"": MediaRoot(folder / "media")}), PictureLimits(), cache, 2) as pool:
        await asyncio.gather(*(pool.inspect("good.jpg") for _ in range(8)))
        print(*pool.pids, flush=True)
        if sys.argv[2] == "busy":
            await asyncio.gather(*(pool.inspect("heavy.png") for _ in range(8)))
        await asyncio.Event().wait()

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's is ignored
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def start_parent(library: Library, mood: str) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a process with a pool of two in a group of its own; return it and its children."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(library.folder.parent), mood],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert parent.stdout is not None
    return parent, [int(pid) for pid in parent.stdout.readline().split()]


@linux_only
@pytest.mark.parametrize("mood", ["idle", "busy"])
def test_killing_the_parent_leaves_no_child(library: Library, heavy: bytes, mood: str) -> None:
    library.add("heavy.png", heavy)
    parent, children = start_parent(library, mood)
    assert len(children) == 2
    assert all(exists(pid) for pid in children)
    parent.kill()
    parent.communicate()
    wait_until_gone(children)


@linux_only
def test_an_interrupt_to_the_whole_group_is_the_parents_to_answer(library: Library) -> None:
    parent, children = start_parent(library, "idle")
    try:
        os.killpg(parent.pid, signal.SIGINT)
        output, errors = parent.communicate(timeout=20)
    finally:
        parent.kill()
    assert (output, errors, parent.returncode) == ("interrupted\n", "", 0)
    wait_until_gone(children)


async def test_children_outlive_the_signals_that_a_group_gets(library: Library) -> None:
    async with library.pool(processes=1) as single:
        await single.inspect("good.jpg")
        before = single.pids
        for pid in before:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(pid, number)
        await single.inspect("good.jpg")
        assert single.pids == before


async def test_a_picture_is_measured_once_for_its_content(library: Library, pool: PicturePool) -> None:
    content_hash = library.add("large.png", encode(scene((300, 200)), "PNG"))
    first = await pool.inspect("large.png", measured="another")
    assert first.picture.measures == measure(scene((300, 200)))
    assert first.picture.phash == hash_perceptually(scene((300, 200)))
    again = await pool.inspect("large.png", measured=content_hash)
    assert (again.picture.measures, again.picture.phash) == (None, None)
    assert again.picture.pixel_hash == first.picture.pixel_hash


async def test_what_is_no_picture_has_no_measures(library: Library, pool: PicturePool) -> None:
    library.add("half.jpg", JPEG[: len(JPEG) // 2])
    picture = (await pool.inspect("half.jpg")).picture
    assert (picture.unreadable, picture.measures, picture.phash) == ("truncated_picture", None, None)


@linux_only
async def test_the_largest_picture_is_measured_within_the_memory_of_a_child(library: Library) -> None:
    file = BytesIO()
    Image.new("CMYK", (8_600, 5_800), (9, 90, 30, 60)).save(file, "JPEG")
    library.add("huge.jpg", file.getvalue())
    library.add("huge.png", corpus.transparent_plane(7000, 7000))
    async with library.pool(1) as single:
        for name in ("huge.jpg", "huge.png"):
            picture = (await single.inspect(name)).picture
            assert picture.unreadable is None
            assert picture.measures is not None
