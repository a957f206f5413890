"""Reading in parts: nothing is left out or read twice, and nothing goes on reading once nobody asks."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import facts
from db.pool import Connection
from db.reading_ahead import read_ahead
from tests.ledger import Ledger


class Room:
    """Where parts are read; notes what happens, in order."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.reading = 0

    async def read(self, part: Sequence[int]) -> Sequence[int]:
        assert not self.reading, "never two at once"
        self.reading += 1
        self.notes.append(f"reads {part[0]}")
        try:
            for _ in part:
                await asyncio.sleep(0)
            if min(part) < 0:
                raise LookupError(min(part))
        finally:
            self.reading -= 1
        self.notes.append(f"has read {part[0]}")
        return part


@given(st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=4)))
def test_every_row_comes_once_and_in_order(parts: list[list[int]]) -> None:
    async def take() -> list[int]:
        return [row async for row in read_ahead(parts, Room().read)]

    assert asyncio.run(take()) == [row for part in parts for row in part]


async def test_the_next_part_is_read_while_one_is_looked_at() -> None:
    room = Room()
    async for row in read_ahead([[10, 11, 12, 13], [20]], room.read):
        room.notes.append(f"looks at {row}")

    assert room.notes.index("looks at 10") < room.notes.index("reads 20")
    assert room.notes.index("has read 20") < room.notes.index("looks at 13")


async def test_who_goes_away_leaves_nothing_reading() -> None:
    room = Room()
    async with aclosing(read_ahead([[1, 2], [3] * 1000], room.read)) as rows:
        async for row in rows:
            if row == 2:
                break

    assert room.notes[-1] == "reads 3"
    assert not room.reading


@pytest.mark.parametrize("parts", [[[-1]], [[1], [-1]], [[1, 2, 3], [-1], [4]]])
async def test_what_reading_raises_is_raised(parts: list[list[int]]) -> None:
    with pytest.raises(LookupError):
        _ = [row async for row in read_ahead(parts, Room().read)]


async def test_a_failure_ahead_does_not_hide_why_somebody_went_away() -> None:
    async def stumble() -> None:
        async with aclosing(read_ahead([[1, 2], [-1]], Room().read)) as rows:
            async for row in rows:
                await asyncio.sleep(0.01)
                raise ZeroDivisionError(row)

    with pytest.raises(ZeroDivisionError):
        await stumble()


async def test_media_of_several_slices_are_planned_together(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "SLICE", 2)
    media = [await ledger.add(f"{number}.jpg") for number in range(5)]
    async with ledger.pool.acquire() as connection:
        assert [s.facts.media_id for s in await ledger.planner.load(connection, media)] == sorted(media)
        assert await ledger.planner.load(connection, []) == []


async def test_who_is_broken_off_leaves_a_connection_that_can_be_used(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "SLICE", 1)
    media = [await ledger.add(f"{number}.jpg") for number in range(3)]

    async def stumble(connection: Connection) -> None:
        async with connection.transaction(), aclosing(ledger.planner.stream(connection, media)) as snapshots:
            async for snapshot in snapshots:
                await asyncio.sleep(0)  # the next one is asked for by now
                raise ZeroDivisionError(snapshot.facts.media_id)

    async with ledger.pool.acquire() as connection:
        with pytest.raises(ZeroDivisionError):
            await stumble(connection)
        assert await connection.fetchval("SELECT count(*) FROM bildwerk.media") == len(media)
