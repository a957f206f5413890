"""The index of perceptual hashes on a real PostgreSQL: exact, kept in step with the pictures, and never scanned."""

import asyncio
import random
from collections.abc import Collection, Iterable
from datetime import timedelta

import pytest

from contracts.perceptual import HashedCopy, PerceptualHash
from db import likenesses, purge
from db.likenesses import COUNTED, NEAREST, RADIUS, SHOWN, Found
from db.pool import Connection, Pool
from db.queries import load
from tests.ledger import Ledger

LEAST, MOST = -(1 << 63), (1 << 63) - 1
EDGES = (0, 1, -1, LEAST, MOST, LEAST + 1, 1 << 42, (1 << 42) - 1, -(1 << 42), 1 << 21, 1 << 43, ~(1 << 43))


def differ(one: int, other: int) -> int:
    return ((one ^ other) & (1 << 64) - 1).bit_count()


def change(value: int, bits: Iterable[int]) -> int:
    changed = (value ^ sum(1 << bit for bit in bits)) & (1 << 64) - 1
    return changed - (1 << 64) if changed >> 63 else changed


def p(*values: int) -> list[HashedCopy]:
    return [HashedCopy(PerceptualHash("p", value), copy) for copy, value in enumerate(values)]


async def show(pool: Pool, *content_hashes: str) -> None:
    """Media that show pictures with these content hashes."""
    await pool.execute("INSERT INTO bildwerk.pictures (content_hash) SELECT unnest($1::text[])", content_hashes)
    await pool.execute(
        "INSERT INTO bildwerk.media (id, content_hash)"
        " SELECT (SELECT count(*) FROM bildwerk.media) + n, h FROM unnest($1::text[]) WITH ORDINALITY AS u (h, n)",
        content_hashes,
    )


async def put(pool: Pool, content_hash: str, copies: Collection[HashedCopy]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await likenesses.put(connection, content_hash, copies)


async def fill(pool: Pool, values: Collection[PerceptualHash]) -> None:
    """One shown picture for each hash, all at once."""
    names = [f"{one.kind}{one.value}" for one in values]
    await show(pool, *names)
    columns = [one.kind for one in values], [one.value for one in values]
    await pool.execute(load("likenesses")["likenesses_hold_hashes"], *columns)
    await pool.execute(
        "INSERT INTO bildwerk.picture_hashes (kind, hash, picture, copies)"
        " SELECT u.kind::\"char\", u.hash, p.number, '{0}'"
        " FROM unnest($1::text[], $2::bigint[], $3::text[]) AS u (kind, hash, name)"
        " JOIN bildwerk.pictures AS p ON p.content_hash = u.name",
        *columns, names,
    )  # fmt: skip


async def search(pool: Pool, *asked: PerceptualHash, apart_from: str | None = None) -> Found:
    async with pool.acquire() as connection:
        return await likenesses.search(connection, asked, apart_from=apart_from)


async def near(pool: Pool, *values: int, apart_from: str | None = None) -> dict[str, int]:
    """Distances by content hash, of hashes of kind p."""
    found = await search(pool, *(PerceptualHash("p", value) for value in values), apart_from=apart_from)
    return {name: one.distance for one in reversed(found.likenesses) for name in one.pictures}


async def hashes(pool: Pool) -> set[int]:
    return {row["hash"] for row in await pool.fetch("SELECT hash FROM bildwerk.perceptual_hashes")}


def make_library(drawn: random.Random) -> set[PerceptualHash]:
    """Hashes at every distance up to twelve from others, changed in all places and in one part, and edges."""
    centres = [*EDGES, *(drawn.randint(LEAST, MOST) for _ in range(40))]
    values = set(centres)
    for centre in centres:
        for distance in range(1, 13):
            values.add(change(centre, drawn.sample(range(64), distance)))
            for part in (range(42, 64), range(21, 42), range(21)):
                values.add(change(centre, drawn.sample(part, distance)))
    return {PerceptualHash(kind, value) for value in values for kind in ("pd" if drawn.random() < 0.3 else "p")}


@pytest.mark.parametrize("radius", range(RADIUS + 1))
async def test_a_search_finds_all_within_the_radius_and_nothing_else(ledger: Ledger, radius: int) -> None:
    drawn = random.Random(radius)
    library = make_library(drawn)
    await fill(ledger.pool, library)
    listed = sorted(library)
    asked = [PerceptualHash(kind, value) for value in EDGES for kind in "pd"] + drawn.sample(listed, 40)
    asked += [PerceptualHash("p", change(one.value, drawn.sample(range(64), 5))) for one in drawn.sample(listed, 40)]

    for start in range(0, len(asked), 4):
        some = asked[start : start + 4]
        async with ledger.pool.acquire() as connection:
            found = await likenesses.search(connection, some, radius, nearest=len(library))

        expected: dict[PerceptualHash, dict[int, int]] = {}
        for place, one in enumerate(some):
            for other in library:
                if one.kind == other.kind and (distance := differ(one.value, other.value)) <= radius:
                    expected.setdefault(other, {})[place] = distance
        assert {one.hash: one.distances for one in found.likenesses} == expected
        assert found.left_out == 0


async def test_no_search_of_many_reads_a_whole_table(ledger: Ledger) -> None:
    """Also by a plan that was made when the table was empty."""
    drawn = random.Random(1)
    asked = [PerceptualHash("p", drawn.randint(LEAST, MOST)) for _ in range(24)]
    columns = [one.kind for one in asked], [one.value for one in asked]
    queries = load("likenesses")
    pages = (["p"], [0]), ("x", 10)
    async with ledger.pool.acquire() as connection:
        for _ in range(7):  # from the sixth on, PostgreSQL may keep a plan
            await likenesses.search(connection, asked)
        await connection.execute(
            "INSERT INTO bildwerk.perceptual_hashes (kind, hash)"
            " SELECT 'p', hashint8extended(n, 0) FROM generate_series(1, 100000) AS n"
        )
        for analysed in (False, True):
            if analysed:
                await connection.execute("ANALYZE bildwerk.perceptual_hashes, bildwerk.picture_hashes")
            before = await scans(connection)
            await likenesses.search(connection, asked)
            assert await scans(connection) == before
            async with connection.transaction():
                await connection.execute(queries["likenesses_stay_in_the_indexes"])
                parts = likenesses.change_parts(RADIUS)
                plan = await connection.fetch("EXPLAIN " + queries["likenesses_near"], *columns, RADIUS, *parts)
                plan += await connection.fetch("EXPLAIN " + queries["likenesses_pictures"], *pages[0], *pages[1])
            text = "\n".join(row[0] for row in plan)
            assert text.count("Index Only Scan using perceptual_hashes_") == 3
            assert "Seq Scan" not in text


async def scans(connection: Connection) -> int:
    """How often a table of the index was read from end to end, by this session too."""
    await connection.execute("SELECT pg_stat_force_next_flush()")
    return int(
        await connection.fetchval(
            "SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname IN ('perceptual_hashes', 'picture_hashes')"
        )
    )


async def test_a_picture_is_found_by_every_copy_and_not_by_itself(ledger: Ledger) -> None:
    await show(ledger.pool, "a", "b")
    await put(ledger.pool, "a", p(0, 0, 0xFF00))
    await put(ledger.pool, "b", [HashedCopy(PerceptualHash("d", 0), 0)])

    found = await search(ledger.pool, PerceptualHash("p", 1), PerceptualHash("d", 1), PerceptualHash("p", 0xFF))

    assert [(one.hash, one.distances, one.pictures, one.crowd) for one in found.likenesses] == [
        (PerceptualHash("d", 0), {1: 1}, {"b": (0,)}, None),
        (PerceptualHash("p", 0), {0: 1, 2: 8}, {"a": (0, 1)}, None),
    ]
    assert await near(ledger.pool, 0xFF00, apart_from="a") == {}


async def test_other_hashes_take_the_place_of_the_old_ones(ledger: Ledger) -> None:
    await show(ledger.pool, "a", "b")
    await put(ledger.pool, "a", p(1, 2))
    await put(ledger.pool, "b", p(2))
    once = await ledger.pool.fetch("SELECT xmin, * FROM bildwerk.picture_hashes")
    await put(ledger.pool, "a", p(1, 2))
    assert await ledger.pool.fetch("SELECT xmin, * FROM bildwerk.picture_hashes") == once

    await put(ledger.pool, "a", [*p(4), HashedCopy(PerceptualHash("p", 4), 2)])

    assert await hashes(ledger.pool) == {2, 4}
    assert await near(ledger.pool, 4) == {"a": 0, "b": 2}
    await put(ledger.pool, "a", [])
    assert await near(ledger.pool, 4) == {"b": 2}


async def test_only_a_picture_that_is_kept_can_have_hashes(ledger: Ledger) -> None:
    with pytest.raises(LookupError):
        await put(ledger.pool, "a", p(1))


@pytest.mark.parametrize("radius", [-1, RADIUS + 1])
async def test_a_radius_that_the_index_does_not_answer_is_refused(ledger: Ledger, radius: int) -> None:
    with pytest.raises(ValueError, match="radius"):
        async with ledger.pool.acquire() as connection:
            await likenesses.search(connection, [PerceptualHash("p", 1)], radius)


async def test_a_hash_shared_by_a_crowd_is_said_to_be(ledger: Ledger) -> None:
    names = [f"{number:03}" for number in range(SHOWN + 8)]
    await show(ledger.pool, *names, "one")
    for name in names:
        await put(ledger.pool, name, p(0, 0))
    await put(ledger.pool, "one", p(3))

    crowded, single = (await search(ledger.pool, PerceptualHash("p", 0), apart_from="000")).likenesses

    assert (list(crowded.pictures), crowded.crowd) == (names[1 : SHOWN + 1], SHOWN + 8)
    assert (list(single.pictures), single.crowd) == (["one"], None)


async def test_a_crowd_is_counted_up_to_a_limit(ledger: Ledger) -> None:
    await fill(ledger.pool, [PerceptualHash("p", 0)])
    await ledger.pool.execute(
        "WITH made AS (INSERT INTO bildwerk.pictures (content_hash)"
        " SELECT 'many' || n FROM generate_series(1, $1::int) AS n RETURNING number, content_hash"
        "), shown AS (INSERT INTO bildwerk.media (id, content_hash) SELECT 1000 + number, content_hash FROM made)"
        " INSERT INTO bildwerk.picture_hashes (kind, hash, picture, copies) SELECT 'p', 0, number, '{0}' FROM made",
        COUNTED + 5,
    )

    (crowded,) = (await search(ledger.pool, PerceptualHash("p", 0))).likenesses

    assert crowded.crowd == COUNTED


async def test_of_too_many_near_hashes_the_nearest_are_given(ledger: Ledger) -> None:
    drawn = random.Random(3)
    values = {change(0, drawn.sample(range(64), 1 + number % 8)) for number in range(NEAREST + 100)}
    await fill(ledger.pool, [PerceptualHash("p", value) for value in values])

    found = await search(ledger.pool, PerceptualHash("p", 0))

    distances = sorted(differ(value, 0) for value in values)
    assert [one.distance for one in found.likenesses] == distances[:NEAREST]
    assert found.left_out == len(values) - NEAREST


async def test_pictures_of_deleted_media_are_no_candidates_and_leave_the_index(ledger: Ledger) -> None:
    for name in ("a", "b"):
        await ledger.add(f"{name}.jpg", name)
    await ledger.add("c.jpg", "b")
    await put(ledger.pool, "a", p(1, 7))
    await put(ledger.pool, "b", p(1, 15))
    await ledger.pool.execute("DELETE FROM media WHERE path IN ('a.jpg', 'b.jpg')")
    for media_id in (1, 2):
        await ledger.plan(media_id)

    assert await near(ledger.pool, 1) == {"b": 0}
    assert await hashes(ledger.pool) == {1, 7, 15}

    async with ledger.pool.acquire() as connection, connection.transaction():
        assert await purge.purge_media(connection, timedelta(0), 10) == 2
    assert await hashes(ledger.pool) == {1, 15}
    assert await near(ledger.pool, 1) == {"b": 0}
    await ledger.pool.execute("DELETE FROM media")
    await ledger.plan(3)
    await ledger.pool.execute("UPDATE bildwerk.pictures SET unreadable = 'poison'")
    async with ledger.pool.acquire() as connection, connection.transaction():
        assert await purge.purge_media(connection, timedelta(0), 10) == 1
    assert await hashes(ledger.pool) == set()
    assert await ledger.pool.fetchval("SELECT content_hash FROM bildwerk.pictures") == "b", "it is remembered as poison"


async def test_two_newcomers_find_each_other_after_the_commit(ledger: Ledger) -> None:
    """P24: whoever commits last sees the other, however their transactions overlap."""
    for number in range(100):
        names = f"a{number}", f"b{number}"
        value = random.Random(number).randint(LEAST, MOST)
        await show(ledger.pool, *names)

        async def come(name: str, other: str, mine: int) -> bool:
            await put(ledger.pool, name, p(mine, mine ^ 3))
            return other in await near(ledger.pool, mine, mine ^ 3, apart_from=name)

        assert any(await asyncio.gather(come(*names, value), come(*names[::-1], value ^ 1)))


async def test_a_hash_that_another_picture_is_just_getting_is_not_removed(ledger: Ledger) -> None:
    """The remover waits for the newcomer, and sees it."""
    await show(ledger.pool, "a", "b")
    await put(ledger.pool, "a", p(1))
    await ledger.pool.execute("UPDATE bildwerk.media SET content_hash = NULL WHERE content_hash = 'a'")
    async with ledger.pool.acquire() as newcomer, newcomer.transaction():
        await likenesses.put(newcomer, "b", p(1))
        removing = asyncio.create_task(remove(ledger.pool, "a"))
        await ledger.blocked()
    await removing

    assert await hashes(ledger.pool) == {1}
    assert await near(ledger.pool, 1) == {"b": 0}


async def test_a_hash_that_is_just_being_removed_is_added_again(ledger: Ledger) -> None:
    """The newcomer waits for the remover, whether it has locked the hash or deleted it."""
    await show(ledger.pool, "a", "b")
    await put(ledger.pool, "a", p(1))
    await ledger.pool.execute("UPDATE bildwerk.media SET content_hash = NULL WHERE content_hash = 'a'")
    async with ledger.pool.acquire() as remover, remover.transaction():
        await likenesses.remove(remover, ["a"])
        adding = asyncio.create_task(put(ledger.pool, "b", p(1, 2)))
        await ledger.blocked()
    await adding

    assert await near(ledger.pool, 1) == {"b": 0}


async def test_a_hash_that_is_locked_in_order_to_be_removed_is_added_again(ledger: Ledger) -> None:
    """Not only looked at: it is still there when the newcomer comes."""
    await show(ledger.pool, "a", "b")
    await put(ledger.pool, "a", p(1))
    async with ledger.pool.acquire() as remover, remover.transaction():
        await remover.execute(load("likenesses")["likenesses_lock_hashes"], ["p"], [1])
        adding = asyncio.create_task(put(ledger.pool, "b", p(1, 2)))
        await ledger.blocked()
        await remover.execute("DELETE FROM bildwerk.picture_hashes")
        await remover.execute(load("likenesses")["likenesses_forget"], ["p"], [1])
    await adding

    assert await hashes(ledger.pool) == {1, 2}


async def test_a_hash_that_a_picture_exchanges_stays_for_one_that_is_just_getting_it(ledger: Ledger) -> None:
    await show(ledger.pool, "a", "b")
    await put(ledger.pool, "a", p(1))
    async with ledger.pool.acquire() as newcomer, newcomer.transaction():
        await likenesses.put(newcomer, "b", p(1))
        exchanging = asyncio.create_task(put(ledger.pool, "a", p(2)))
        await ledger.blocked()
    await exchanging

    assert await hashes(ledger.pool) == {1, 2}


async def test_new_hashes_are_added_in_order(ledger: Ledger) -> None:
    """P23: who waits for the first of them has none yet that the other could wait for."""
    await show(ledger.pool, "a", "b")
    async with ledger.pool.acquire() as first, first.transaction():
        await likenesses.put(first, "a", p(-1))
        second = asyncio.create_task(put(ledger.pool, "b", p(*range(10), -1)))
        await ledger.blocked()
        await likenesses.put(first, "a", p(-1, *range(10)))
    await second

    assert await hashes(ledger.pool) == {-1, *range(10)}


async def test_many_at_once_leave_the_index_in_step_with_the_pictures(ledger: Ledger) -> None:
    """Few hashes, each of many pictures, given, changed and taken away by six at once: none locks another up (P23)."""
    names = [f"{number:02}" for number in range(24)]
    await show(ledger.pool, *names)

    async def act(seed: int) -> None:
        drawn = random.Random(seed)
        for _ in range(40):
            name = drawn.choice(names)
            if drawn.random() < 0.3:
                await put(ledger.pool, name, [])
            else:
                await put(ledger.pool, name, p(*(drawn.randrange(8) for _ in range(3))))

    await asyncio.gather(*map(act, range(6)))

    owned = {row["hash"] for row in await ledger.pool.fetch("SELECT hash FROM bildwerk.picture_hashes")}
    assert await hashes(ledger.pool) == owned


async def remove(pool: Pool, *content_hashes: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await likenesses.remove(connection, content_hashes)
