"""The index of hashes holds what living media show, in step with the pictures that are kept."""

import asyncio
from datetime import timedelta

from db import purge
from tests.gallery import Gallery, Shot
from tests.newcomers import DIFFERING


async def indexed(gallery: Gallery) -> set[str]:
    """Content hashes of the pictures in the index, whose hashes are those that pictures have."""
    unused = "SELECT FROM bildwerk.perceptual_hashes EXCEPT ALL SELECT FROM bildwerk.picture_hashes LIMIT 1"
    assert await gallery.pool.fetch(unused) == []
    rows = await gallery.pool.fetch(
        "SELECT DISTINCT content_hash FROM bildwerk.picture_hashes AS e"
        " JOIN bildwerk.pictures AS p ON p.number = e.picture"
    )
    return {row["content_hash"] for row in rows}


async def kept(gallery: Gallery) -> set[str]:
    return {row["content_hash"] for row in await gallery.pool.fetch("SELECT content_hash FROM bildwerk.pictures")}


async def forget(gallery: Gallery, after: timedelta = timedelta(0)) -> None:
    async with gallery.pool.acquire() as connection, connection.transaction():
        await purge.purge_media(connection, after, 100)
    async with gallery.pool.acquire() as connection, connection.transaction():
        await purge.purge_pictures(connection, after, 100)


async def test_the_index_holds_what_living_media_show_and_pictures_go_with_the_purge(gallery: Gallery) -> None:
    one, two = await gallery.bring(Shot(1), Shot(1))
    for number in range(2, 8):
        await gallery.replace(one, Shot(number))
        await gallery.settle()
        assert await indexed(gallery) == {Shot(number).content_hash, Shot(1).content_hash}
    await gallery.replace(two, Shot(8, flat=True))
    await gallery.settle()
    assert await indexed(gallery) == {Shot(7).content_hash}

    former = {Shot(number).content_hash for number in range(1, 7)}
    shown = {Shot(7).content_hash, Shot(8, flat=True).content_hash}
    await forget(gallery, timedelta(days=30))
    assert await kept(gallery) == former | shown, "pixels may come back"
    await gallery.replace(two, Shot(3))
    await gallery.settle()
    await forget(gallery)
    assert await kept(gallery) == {Shot(7).content_hash, Shot(3).content_hash}

    await gallery.delete(one)
    await gallery.settle()
    assert await indexed(gallery) == {Shot(3).content_hash}
    del gallery.shelf.files[await gallery.path(two)]
    await gallery.ledger.touch(two)
    await gallery.ledger.plan(two)
    await gallery.settle()
    assert await indexed(gallery) == set()
    await forget(gallery)
    assert await kept(gallery) == set()
    assert await gallery.pool.fetchval("SELECT count(*) FROM bildwerk.perceptual_hashes") == 0


async def test_a_picture_that_comes_back_is_found_again(gallery: Gallery) -> None:
    """F1, F2, F1; and a medium that comes back as it was, which nobody inspects."""
    (one,) = await gallery.bring(Shot(DIFFERING))
    for shot in (Shot(2), Shot(DIFFERING)):
        await gallery.replace(one, shot)
        await gallery.settle()
    await forget(gallery)
    assert await gallery.pool.fetchval("SELECT left_at FROM bildwerk.pictures") is None
    row = await gallery.pool.fetchrow("SELECT id, path, updated_at FROM media WHERE id = $1", one)
    await gallery.delete(one)
    await gallery.settle()
    assert await indexed(gallery) == set()
    await gallery.pool.execute("INSERT INTO media (id, path, updated_at) VALUES ($1, $2, $3)", *row)
    await gallery.ledger.plan(one)
    await gallery.settle()
    assert await indexed(gallery) == {Shot(DIFFERING).content_hash}

    (two,) = await gallery.bring(Shot(DIFFERING, 1))
    assert await gallery.pairs() == [(one, two)]


async def test_a_medium_that_is_back_before_it_left_the_index_stays(gallery: Gallery) -> None:
    (one,) = await gallery.bring(Shot(1))
    row = await gallery.pool.fetchrow("SELECT id, path, updated_at FROM media WHERE id = $1", one)
    await gallery.delete(one)
    await gallery.pool.execute("INSERT INTO media (id, path, updated_at) VALUES ($1, $2, $3)", *row)
    await gallery.ledger.plan(one)
    while await gallery.duplicates.plan_called():
        pass

    assert await indexed(gallery) == {Shot(1).content_hash}


async def test_pictures_that_are_exchanged_by_many_at_once_stay_in_step_with_the_index(gallery: Gallery) -> None:
    """P23: pictures are locked in order, then hashes: none locks another up, and none is left behind."""
    media = await gallery.bring(*(Shot(number % 3) for number in range(8)))
    for turn in range(6):
        for place, media_id in enumerate(media):
            await gallery.replace(media_id, Shot((place + turn) % 4, (place * turn) % 2))
        await asyncio.gather(gallery.inspect(), gallery.seek(), gallery.seek())
        await gallery.settle()
        shown = {gallery.shelf.files[await gallery.path(media_id)].content_hash for media_id in media}
        assert await indexed(gallery) == shown

    await forget(gallery)
    assert await kept(gallery) == shown
