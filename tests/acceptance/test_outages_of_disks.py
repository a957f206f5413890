"""The media root unmounted, or no room for what is kept of pictures: nothing fails; what can go on does."""

from collections.abc import Callable

import pytest

from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.pages import recover, require_unharmed, watched
from tests.acceptance.test_away import done
from tests.small_disk import fill_up, small_disk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_media_root_unmounted_and_back(make: MakeWorld, figure: Callable[[str], None]) -> None:
    world = await make("--picture-seconds", "0.2")
    media = await world.add(16)
    async with watched(world, cache_bytes=1) as (_, pages):
        await world.wire.created(media[:12])
        await done(world, 4)

        world.root.rename(world.folder / "elsewhere")
        world.root.mkdir()
        await world.wire.created(media[12:])
        wrong = await pages.say(media_root="media_root_unavailable")
        assert wrong.keys() == {"media_root"}
        assert (await world.statuses())["failed"] == 0
        world.root.rmdir()
        (world.folder / "elsewhere").rename(world.root)

        await recover(world, pages, media, figure)


async def test_no_room_for_prepared_pictures_only_makes_it_slow(make: MakeWorld) -> None:
    world = await make(*QUICK)
    media = await world.add(6)
    with small_disk(1) as disk:
        filler = fill_up(disk)
        async with watched(world, cache_folder=disk / "cache") as (service, pages):
            await world.wire.created(media[:5])
            await require_unharmed(world, media[:5])
            assert service.events("rendition_not_cached")
            assert await pages.lacks() == {}
            assert list(disk.rglob("*.jpg")) == []

            filler.unlink()
            await world.wire.created(media[5:])
            await require_unharmed(world, media)
            assert len(list(disk.rglob("*.jpg"))) == 1
