"""The inspector on real files: what it stores, when it waits, when it looks again."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from PIL import Image

from contracts.facts import Picture
from db.pool import Connection
from handlers.failures import Failure, Stale, Unavailable
from handlers.inspect.pool import Inspection
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Planner, PlanRequest
from tests.handlers.inspect.generators import CASES
from tests.room import Room, Scripted
from tests.stores import come_back


async def test_a_picture_is_inspected_once_and_its_jobs_become_due(room: Room) -> None:
    media_id = await room.add("orange.png")
    assert await room.inspector.inspect_batch()

    content_hash, reason, still_open = await room.row(media_id)
    assert (content_hash is not None, reason, still_open) == (True, None, False)
    assert (await room.ledger.verdict(media_id, "ollama_caption"))["status"] == "due"
    assert room.found.is_set()
    assert not await room.inspector.inspect_batch()


async def test_a_missing_file_is_looked_for_again_and_then_has_one_reason(room: Room) -> None:
    media_id = await room.add("nowhere.png")
    await room.inspector.inspect_batch()
    assert await room.row(media_id) == (None, None, True)
    await room.inspector.inspect_batch()

    assert await room.row(media_id) == (None, "missing_file", False)
    verdict = await room.ledger.verdict(media_id, "ollama_title")
    assert (verdict["status"], verdict["reason"]) == ("skipped", "unreadable_picture")


@pytest.mark.parametrize(("seconds", "open_looks"), [(0.0, 9), (20.0, 9), (31.0, 0), (-20.0, 9), (-3600.0, 1)])
async def test_a_file_that_somebody_may_be_writing_is_looked_at_until_it_is_left_alone(
    room: Room, seconds: float, open_looks: int
) -> None:
    """However slow the writer is. A file from the future tells nothing: it has as many looks as one that is absent."""
    media_id = await room.add("orange.png")
    picture = Picture(unreadable="truncated_picture")
    still = 0
    for _ in range(9):
        now = (await room.ledger.pool.fetchval("SELECT now()")).timestamp()
        room.inspector.pictures = Broken(Inspection("f1", 9, picture, now - seconds))
        await room.inspector.inspect_batch()
        still += (await room.row(media_id))[2]
    assert still == open_looks


@pytest.mark.parametrize("lock_timeout", [0.5])
async def test_what_was_found_is_written_when_the_row_is_free_again(room: Room) -> None:
    """Else it would be looked at again only when its hold is over."""
    media_id = await room.add("orange.png")
    content_hash = (await room.inspector.pictures.inspect("orange.png")).content_hash
    async with room.ledger.pool.acquire() as other:
        holding = other.transaction()

        class Locking(Broken):
            async def inspect(self, reference: str, measured: str | None = None) -> Inspection:
                await holding.start()
                await other.execute("LOCK TABLE bildwerk.pictures IN ACCESS EXCLUSIVE MODE")
                return await super().inspect(reference, measured)

        room.inspector.pictures = Locking(Inspection(content_hash, 9, Picture("PNG", 40, 30), None))

        async def let_go() -> None:
            await room.ledger.blocked()
            await asyncio.sleep(1.0)
            await holding.commit()

        await asyncio.gather(room.inspector.inspect_batch(), let_go())
    assert await room.row(media_id) == (content_hash, None, False)


async def test_a_file_that_comes_later_is_found_by_the_next_event(room: Room) -> None:
    media_id = await room.add("late.png")
    for _ in range(2):
        await room.inspector.inspect_batch()
    Image.new("RGB", (40, 30), "teal").save(room.folder / "late.png")
    await room.ledger.plan(media_id)
    await room.inspector.inspect_batch()

    verdict = await room.ledger.verdict(media_id, "ollama_caption")
    assert (verdict["status"], verdict["generation"]) == ("due", 1)


async def test_a_touched_file_is_inspected_and_changes_no_verdict(room: Room) -> None:
    """P7, P9: the mark moved, the content did not."""
    media_id = await room.add("orange.png")
    await room.inspector.inspect_batch()
    before = dict(await room.ledger.verdict(media_id, "ollama_caption"))
    await room.ledger.touch(media_id)
    await room.ledger.plan(media_id)
    assert await room.ledger.pool.fetchval("SELECT due FROM bildwerk.media") == []
    await room.inspector.inspect_batch()

    assert dict(await room.ledger.verdict(media_id, "ollama_caption")) == before
    assert await room.ledger.pool.fetchval("SELECT due FROM bildwerk.media") == ["ollama_caption"]


async def test_a_mark_that_moves_while_the_picture_is_read_is_inspected_anew(room: Room) -> None:
    """P6: the mark is read first, the bytes second; an older look is not stored."""
    media_id = await room.add("orange.png")
    pictures = room.inspector.pictures

    class Touching:
        def is_available(self) -> bool:
            return True

        async def inspect(self, reference: str, measured: str | None = None) -> object:
            inspection = await pictures.inspect(reference, measured)
            await room.ledger.touch(media_id)
            return inspection

    room.inspector.pictures = Touching()  # type: ignore[assignment] # a platform that writes at the worst moment
    await room.inspector.inspect_batch()
    assert await room.row(media_id) == (None, None, True)

    room.inspector.pictures = pictures
    await room.inspector.inspect_batch()
    assert (await room.row(media_id))[2] is False


class Meeting(Planner):
    """A planner that waits inside the transaction until a second one is there."""

    barrier = asyncio.Barrier(2)

    async def plan_media(self, connection: Connection, requests: Sequence[PlanRequest]) -> Planned:
        """Plan when both are there."""
        async with asyncio.timeout(10):
            await self.barrier.wait()
        return await super().plan_media(connection, requests)


async def test_twins_that_are_looked_at_in_the_same_moment_see_each_other(room: Room) -> None:
    """P24: inside their transactions they would miss each other. Pictures that share a hash of the index would wait."""
    picture = Image.linear_gradient("L").convert("RGB")
    for quality in (95, 90):
        picture.save(room.folder / f"{quality}.jpg", quality=quality)
        await room.add(f"{quality}.jpg")
    room.inspector.planner = Meeting(room.ledger.planner.chain)
    await room.inspector.inspect_batch()

    nearest = [row["nearest"] for row in await room.ledger.pool.fetch("SELECT nearest FROM bildwerk.pictures")]
    assert any(bits is not None and bits <= 4 for bits in nearest), nearest


async def test_a_picture_is_measured_once_and_its_figures_stay(room: Room) -> None:
    media_id = await room.add("orange.png")
    await room.inspector.inspect_batch()
    query = "SELECT measures, phash, measures_version FROM bildwerk.pictures"
    first = await room.ledger.pool.fetchrow(query)
    assert first["measures"]
    await room.ledger.pool.execute("UPDATE bildwerk.pictures SET measures = measures || $1", {"brightness": 7})

    await room.ledger.touch(media_id)
    await room.ledger.plan(media_id)
    await room.inspector.inspect_batch()
    again = await room.ledger.pool.fetchrow(query)
    assert (again["measures"], again["phash"]) == ({**first["measures"], "brightness": 7}, first["phash"])


async def test_what_a_generator_wrote_is_kept_until_the_picture_is_read_again(room: Room) -> None:
    case = next(case for case in CASES if case.name == "a1111 in Unicode, PNG")
    (room.folder / "drawn.png").write_bytes(case.write(Image.new("RGB", (64, 64), "navy")))
    media_id = await room.add("drawn.png")

    async def look() -> object:
        await room.inspector.inspect_batch()
        async with room.ledger.pool.acquire() as connection:
            (snapshot,) = await room.ledger.planner.load(connection, [media_id])
        return snapshot.facts.picture and snapshot.facts.picture.embedded

    assert await look() == case.expected
    await room.ledger.touch(media_id)
    await room.ledger.plan(media_id)
    assert await look() == case.expected, "looked at again, but not read again"

    older = "UPDATE bildwerk.pictures SET measures_version = measures_version - 1, embedded = $1"
    await room.ledger.pool.execute(older, {"generator": "a1111", "prompt": "what an older version took for one"})
    await room.ledger.plan(media_id)
    assert await look() == case.expected


async def test_what_an_older_version_found_where_nothing_is_goes(room: Room) -> None:
    media_id = await room.add("orange.png")
    await room.inspector.inspect_batch()
    older = "UPDATE bildwerk.pictures SET measures_version = measures_version - 1, embedded = $1"
    await room.ledger.pool.execute(older, {"generator": "a1111", "prompt": "a find that was none"})
    await room.ledger.plan(media_id)
    await room.inspector.inspect_batch()
    assert await room.ledger.pool.fetchval("SELECT embedded FROM bildwerk.pictures") is None


async def test_what_a_dying_inspector_did_not_compare_is_compared_at_the_next_look(
    room: Room,
) -> None:
    media_id = await room.add("orange.png")
    await room.inspector.inspect_batch()
    await room.ledger.pool.execute("UPDATE bildwerk.pictures SET compared = NULL")

    await room.ledger.touch(media_id)
    await room.ledger.plan(media_id)
    await room.inspector.inspect_batch()
    assert await room.ledger.pool.fetchval("SELECT compared FROM bildwerk.pictures") == 0


async def test_an_unreadable_picture_is_one_reason_and_its_neighbours_go_on(room: Room) -> None:
    (room.folder / "page.jpg").write_text("<html>not found</html>")
    bad, good = await room.add("page.jpg"), await room.add("orange.png")
    await room.inspector.inspect_batch()

    assert (await room.row(bad))[1] == "unsupported_format"
    assert (await room.ledger.verdict(good, "ollama_caption"))["status"] == "due"
    skipped = [event for event in await room.ledger.events() if event[1] == "skipped"]
    assert [name for name, *_ in skipped] == ["ollama_caption", "ollama_title"]


async def test_a_media_root_that_is_away_fails_nothing(room: Room) -> None:
    """Design 6: Unavailable burns no try; the media wait until it is back."""
    media_id = await room.add("orange.png")
    away = room.folder.rename(room.folder.with_name("away"))
    for _ in range(3):
        await room.inspector.inspect_batch()
    assert await room.row(media_id) == (None, None, True)
    assert not room.inspector.pictures.is_available()

    away.rename(room.folder)
    await come_back(room.store)
    await room.ledger.pool.execute("UPDATE bildwerk.media SET inspect_at = now()")
    await room.inspector.inspect_batch()
    assert (await room.row(media_id))[1:] == (None, False)


async def test_a_picture_that_could_not_be_read_is_measured_when_it_can(room: Room) -> None:
    """By now its format may be known, or its decoding in time: it was never measured."""
    media_id = await room.add("orange.png")
    await room.inspector.inspect_batch()
    await room.ledger.pool.execute(
        "UPDATE bildwerk.pictures SET unreadable = 'unsupported_format', measures = NULL, phash = NULL"
    )
    await room.ledger.touch(media_id)
    await room.ledger.plan(media_id)
    await room.inspector.inspect_batch()

    row = await room.ledger.pool.fetchrow("SELECT unreadable, measures, phash FROM bildwerk.pictures")
    assert row["unreadable"] is None
    assert row["measures"]
    assert row["phash"] is not None


class Broken:
    """A decoder with a bug: it breaks off, or says that a file is cut short and was written in the year 3170843."""

    def __init__(self, answer: Inspection | None) -> None:
        self._answer = answer

    def is_available(self) -> bool:
        return True

    async def inspect(self, reference: str, measured: str | None = None) -> Inspection:  # noqa: ARG002
        if self._answer is None:
            raise ZeroDivisionError(reference)
        return self._answer

    async def rendition(self, reference: str, content_hash: str) -> bytes:
        raise AssertionError(reference, content_hash)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(None, "bug"), (Inspection("f1", 9, Picture(unreadable="truncated_picture"), 1e14), "truncated_picture")],
)
async def test_a_bug_of_ours_is_that_picture_s_reason_and_not_the_end(
    room: Room, answer: Inspection | None, reason: str
) -> None:
    """Otherwise one picture would stop the service, and stop it again after each restart."""
    media_id = await room.add("orange.png")
    room.inspector.pictures = Broken(answer)
    for _ in range(2):
        await room.inspector.inspect_batch()

    assert (await room.row(media_id))[1:] == (reason, False)
    assert (await room.ledger.verdict(media_id, "ollama_caption"))["reason"] == "unreadable_picture"


async def test_a_platform_s_row_without_a_path_is_a_bad_reference(room: Room) -> None:
    media_id = await room.add("orange.png")
    await room.ledger.pool.execute("ALTER TABLE public.media ALTER path DROP NOT NULL")
    await room.ledger.pool.execute("UPDATE media SET path = NULL")
    await room.inspector.inspect_batch()

    assert (await room.row(media_id))[1:] == ("bad_reference", False)


async def _nsfw(room: Room) -> list[float | None]:
    return [row["nsfw"] for row in await room.ledger.pool.fetch("SELECT nsfw FROM bildwerk.pictures")]


async def test_the_detector_sees_each_content_once_and_as_the_model_would(room: Room) -> None:
    detector = room.inspector.detector = Scripted(0.25)
    await room.add("orange.png")
    await room.inspector.inspect_batch()
    (room.folder / "copy.png").write_bytes((room.folder / "orange.png").read_bytes())
    await room.add("copy.png")
    await room.inspector.inspect_batch()

    assert await _nsfw(room) == [0.25]
    (jpeg,) = detector.seen
    assert jpeg.startswith(b"\xff\xd8")


async def test_no_score_is_no_score_and_is_asked_for_again(room: Room) -> None:
    room.inspector.detector = Scripted(None, 0.5)
    media_id = await room.add("orange.png")
    await room.inspector.inspect_batch()
    assert await _nsfw(room) == [None]
    await room.ledger.touch(media_id)
    await room.ledger.plan(media_id)
    await room.inspector.inspect_batch()
    assert await _nsfw(room) == [0.5]


async def test_a_detector_that_comes_later_sees_what_was_inspected_before_it_once(room: Room) -> None:
    media_id = await room.add("orange.png")
    await room.inspector.inspect_batch()
    room.inspector.planner = room.ledger.planner = replace(room.ledger.planner, detects=True)
    detector = room.inspector.detector = Scripted(None)
    await room.ledger.plan(media_id)
    assert (await room.ledger.verdict(media_id, "ollama_caption"))["status"] == "due"
    assert await room.ledger.pool.fetchval("SELECT due <> '{}' FROM bildwerk.media"), "its jobs need not wait for it"

    for _ in range(3):
        await room.inspector.inspect_batch()
        await room.ledger.plan(media_id)
    assert len(detector.seen) == 1, "it had no score to give, and is not asked for ever"


@pytest.mark.parametrize("failure", [Unavailable("media_root_unavailable"), Stale("content_changed")])
async def test_a_store_that_goes_away_before_the_detector_looks_is_no_look(room: Room, failure: Failure) -> None:
    pictures = room.inspector.pictures

    class Leaving:
        inspect, is_available = pictures.inspect, pictures.is_available

        async def rendition(self, reference: str, content_hash: str) -> bytes:  # noqa: ARG002
            raise failure

    detector, room.inspector.pictures = Scripted(0.5), Leaving()
    room.inspector.detector, room.inspector.again = detector, replace(room.inspector.again, base=0.0)
    media_id = await room.add("orange.png")
    await room.inspector.inspect_batch()
    assert await room.row(media_id) == (None, None, True)

    room.inspector.pictures = pictures
    await room.inspector.inspect_batch()
    assert await _nsfw(room) == [0.5]


async def test_unreadable_files_are_not_shown_to_the_detector(room: Room) -> None:
    detector = room.inspector.detector = Scripted()
    (room.folder / "bad.png").write_bytes(b"no picture at all")
    await room.add("bad.png")
    await room.inspector.inspect_batch()
    await room.inspector.inspect_batch()
    assert detector.seen == []


async def test_a_look_that_hangs_keeps_no_other_waiting(room: Room) -> None:
    """A server on the web that never answers, and an upload on the disk."""
    pictures = room.inspector.pictures

    class Hanging:
        def is_available(self) -> bool:
            return True

        async def inspect(self, reference: str, measured: str | None = None) -> Inspection:
            if reference == "hangs":
                await asyncio.Event().wait()
            return await pictures.inspect(reference, measured)

        async def rendition(self, reference: str, content_hash: str) -> bytes:
            return await pictures.rendition(reference, content_hash)

    inspector = replace(room.inspector, pictures=Hanging(), patience=0.1)
    await room.add("hangs")
    stop = asyncio.Event()
    running = asyncio.create_task(inspector.run(stop))
    async with asyncio.timeout(20):
        media_id = await room.add("orange.png")
        inspector.wake.set()
        while (await room.row(media_id))[0] is None:
            await asyncio.sleep(0.05)
    stop.set()
    await running
