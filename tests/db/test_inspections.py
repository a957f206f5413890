"""How near the nearest other picture was when a picture came, on a real PostgreSQL."""

from contracts.facts import Picture
from db import inspections
from db.inspections import Uninspected
from tests.ledger import Ledger

FIRST = 0x0F0F_0F0F_0F0F_0F0F
TWIN = FIRST ^ 0b111
UNLIKE = -FIRST


async def look(ledger: Ledger, content_hash: str, phash: int | None) -> tuple[int | None, int | None]:
    """Inspect a medium with this picture; (nearest, compared) as facts have them afterwards."""
    media_id = await ledger.pool.fetchval("INSERT INTO media (path) VALUES (gen_random_uuid()::text) RETURNING id")
    await ledger.plan(media_id)
    return await look_again(ledger, media_id, content_hash, phash)


async def look_again(
    ledger: Ledger, media_id: int, content_hash: str, phash: int | None
) -> tuple[int | None, int | None]:
    async with ledger.pool.acquire() as connection, connection.transaction():
        mark = await inspections.current_mark(connection, media_id)
        assert mark is not None
        now = await connection.fetchval("SELECT now()")
        medium = Uninspected(media_id, "", mark, 0, now)
        await inspections.settle(connection, medium, content_hash, Picture("JPEG", 10, 10, "p", phash=phash))
    async with ledger.pool.acquire() as connection:
        if phash is not None:
            await inspections.compare(connection, content_hash, phash)
        (snapshot,) = await ledger.planner.load(connection, [media_id])
    assert snapshot.facts.picture is not None
    return snapshot.facts.picture.nearest, snapshot.facts.picture.compared


async def test_the_first_picture_has_nothing_near_it(ledger: Ledger) -> None:
    assert await look(ledger, "a", FIRST) == (None, 0)


async def test_a_twin_is_near_and_another_picture_is_far(ledger: Ledger) -> None:
    await look(ledger, "a", FIRST)

    assert await look(ledger, "b", TWIN) == (3, 1)
    nearest, compared = await look(ledger, "c", UNLIKE)
    assert compared == 2
    assert nearest is not None
    assert nearest == min((FIRST ^ UNLIKE & (1 << 64) - 1).bit_count(), (TWIN ^ UNLIKE & (1 << 64) - 1).bit_count())
    assert nearest > 20


async def test_what_comes_later_does_not_make_a_picture_less_new(ledger: Ledger) -> None:
    """Not the first one either, for which there was nothing to compare with."""
    await look(ledger, "a", FIRST)
    await look(ledger, "c", UNLIKE)
    before = await look_again(ledger, 2, "c", UNLIKE)
    await look(ledger, "b", TWIN)

    assert await look_again(ledger, 1, "a", FIRST) == (None, 0)
    assert await look_again(ledger, 2, "c", UNLIKE) == before
    assert await look(ledger, "a", FIRST) == (None, 0), "the same bytes are the same picture"


async def test_a_picture_without_a_perceptual_hash_is_not_compared(ledger: Ledger) -> None:
    await look(ledger, "a", FIRST)

    assert await look(ledger, "b", None) == (None, 0)
    assert await look(ledger, "c", TWIN) == (3, 1), "and is nobody's neighbour"


async def test_what_a_medium_showed_before_is_no_other_picture(ledger: Ledger) -> None:
    """A file that is rewritten is not compared with itself; what another medium still shows is compared."""
    await look(ledger, "a", FIRST)
    assert await look_again(ledger, 1, "b", TWIN) == (None, 0)
    await look(ledger, "b", TWIN)
    assert await look_again(ledger, 1, "c", UNLIKE ^ 1) != (None, 0)
    await look_again(ledger, 1, "a", FIRST)
    assert await look(ledger, "d", FIRST ^ 1) == (1, 2)
