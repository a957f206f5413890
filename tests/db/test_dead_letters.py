"""Dead letters as rows and as outbox rows, on a real PostgreSQL."""

import base64
from collections.abc import AsyncIterator

import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from contracts.dead_letters import DeadLetter, Origin, bound
from db import dead_letters, letter_box
from db.letter_box import Selection
from db.pool import Database, Pool, open_pool


@pytest_asyncio.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(database, pool_size=3)) as opened:
        yield opened


def letter(offset: int, value: bytes | None = b"x", reason: str = "not_json") -> DeadLetter:
    return DeadLetter(bound(("t", 0, offset, 5), b"\x00k", value, [("h\x00", b"\x00\xff")]), reason, "detail")


async def test_a_letter_is_a_row_and_a_message_with_the_same_content(pool: Pool) -> None:
    assert await dead_letters.bury(pool, [letter(1, b"\x00\xffbytes"), letter(2, None, "tombstone")]) == 2
    rows = await pool.fetch('SELECT * FROM bildwerk.dead_letters ORDER BY "offset"')
    assert [(r["value"], r["value_length"], r["reason"]) for r in rows] == [
        (b"\x00\xffbytes", 7, "not_json"), (None, 0, "tombstone"),
    ]  # fmt: skip
    assert rows[0]["key"] == b"\x00k"
    assert rows[0]["headers"] == [["h\\x00", "\\x00\\xff"]]
    outbox = await pool.fetch("SELECT * FROM bildwerk.outbox ORDER BY id")
    assert [row["aggregateid"] for row in outbox] == ["t/0/1", "t/0/2"]
    assert {(row["type"], row["topic"]) for row in outbox} == {("bildwerk.dead-letter", "bildwerk.dead-letter")}
    assert base64.b64decode(outbox[0]["payload"]["value"]) == b"\x00\xffbytes"
    assert (outbox[0]["payload"]["reason"], outbox[0]["payload"]["offset"]) == ("not_json", 1)


async def test_a_redelivered_message_is_the_same_letter(pool: Pool) -> None:
    assert await dead_letters.bury(pool, [letter(1), letter(1)]) == 1
    assert await dead_letters.bury(pool, [letter(1), letter(2)]) == 1
    assert await dead_letters.bury(pool, [letter(1, b"another log, other bytes")]) == 1
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.outbox") == 3
    assert await dead_letters.bury(pool, []) == 0


async def test_many_are_dropped_page_by_page(pool: Pool) -> None:
    await dead_letters.bury(pool, [*map(letter, range(5)), letter(9, reason="too_deep")])
    async with pool.acquire() as connection:
        assert await letter_box.drop(connection, Selection(reasons=("not_json",)), page=2) == 5
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters") == 1


async def test_a_letter_that_is_rolled_back_is_not_published(pool: Pool) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await dead_letters.bury(connection, [letter(1)])
        await transaction.rollback()
    assert await pool.fetchval("SELECT count(*) FROM bildwerk.outbox") == 0


@given(st.none() | st.binary(), st.none() | st.binary(), st.lists(st.tuples(st.text(), st.none() | st.binary())))
def test_an_origin_survives_json(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    origin = bound(("topic", 1, 2, 3), key, value, headers, kept=8)
    assert Origin.from_json(origin.to_json()) == origin
    assert value is None or origin.value == value[:8]
    assert origin.value_length == len(value or b"")
