"""Events that nobody can understand are dead letters with all that it takes to mend them; the rest goes on."""

import base64
import hashlib
from typing import Any

import pytest
import pytest_asyncio

from contracts.topics import Topic
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.polling import until
from tests.acceptance.wire import body, header
from tests.acceptance.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEPT = 65_536
BAD = {
    "not_json": b"media 7, please",
    "not_utf8": b'{"media_id": 1, "x": "\xff\xfe"}',
    "too_large": b'{"media_id": 1, "x": "' + b"x" * 300_000 + b'"}',
    "too_deep": b'{"media_id": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "not_an_object": b"[1, 2, 3]",
    "missing_media_id": b'{"id": 1}',
    "bad_media_id": b'{"media_id": "1"}',
    "bad_number": b'{"media_id": 1e999}',
    "duplicate_keys": b'{"media_id": 1, "media_id": 2}',
    "empty_value": b"",
    "tombstone": None,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sent(make_shared: MakeWorld) -> tuple[World, list[int], dict[str, tuple[int, int]]]:
    """Return a world that was sent bad events among good ones, the good media, and where the bad ones lie."""
    world = await make_shared(*QUICK)
    media = await world.add(len(BAD) + 1)
    places = {}
    for media_id, (reason, value) in zip(media, BAD.items(), strict=False):
        await world.wire.send_bytes(Topic.MEDIA_CREATED, b'{"media_id": %d}' % media_id)
        places[reason] = await world.wire.send_bytes(Topic.MEDIA_CREATED, value)
    await world.wire.send_bytes(Topic.MEDIA_CREATED, b'{"media_id": %d}' % media[-1])
    await world.serve(missing_tries=2, missing_delay_seconds=0.2)
    await world.settled(media)
    return world, media, places


async def test_the_rest_of_the_batch_goes_on(sent: tuple[World, list[int], Any]) -> None:
    world, media, _ = sent

    assert await world.statuses(media) == {"done": 2 * len(media)}
    (service,) = world.services
    assert service.events("intake.planned")[0]["messages"] > 1, "good and bad ones came in one batch"


@pytest.mark.parametrize("reason", BAD)
async def test_a_dead_letter_holds_coordinates_raw_bytes_and_reason(
    sent: tuple[World, list[int], dict[str, tuple[int, int]]], reason: str
) -> None:
    world, _, places = sent
    partition, offset = places[reason]

    (row,) = await world.pool.fetch(
        'SELECT * FROM bildwerk.dead_letters WHERE topic = $1 AND partition = $2 AND "offset" = $3',
        world.wire.settings.name(Topic.MEDIA_CREATED), partition, offset,
    )  # fmt: skip

    value = BAD[reason]
    assert row["reason"] == reason
    assert row["value"] == (value[:KEPT] if value is not None else None)
    assert row["value_length"] == len(value or b"")
    assert row["value_hash"] == hashlib.sha256(value or b"").hexdigest()
    assert row["timestamp_ms"] > 0


async def test_dead_letters_are_published_too(sent: tuple[World, list[int], dict[str, tuple[int, int]]]) -> None:
    world, _, places = sent

    letters = {body(record)["reason"]: record for record in await world.wire.read(Topic.DEAD_LETTER)}

    assert letters.keys() >= BAD.keys()
    for reason, value in BAD.items():
        letter = body(letters[reason])
        assert (letter["partition"], letter["offset"]) == places[reason]
        assert letter["topic"] == world.wire.settings.name(Topic.MEDIA_CREATED)
        assert letter["value"] == (base64.b64encode(value[:KEPT]).decode() if value is not None else None)
        assert header(letters[reason], "ce_type") == Topic.DEAD_LETTER


async def test_a_medium_that_comes_after_its_event_is_looked_for_again(sent: tuple[World, Any, Any]) -> None:
    world, _, _ = sent
    await world.wire.created([900_001])
    await world.wire.taken_in(Topic.MEDIA_CREATED)

    await world.add_as(900_001)

    await world.settled([900_001])
    assert await world.statuses([900_001]) == {"done": 2}


async def test_a_medium_that_never_comes_is_a_dead_letter(sent: tuple[World, Any, Any]) -> None:
    world, _, _ = sent
    await world.wire.created([900_002])

    async def buried() -> Any:
        return await world.pool.fetch("SELECT * FROM bildwerk.dead_letters WHERE reason = 'media_missing'")

    (row,) = await until(buried)
    assert row["value"] == b'{"media_id":900002}'
    assert row["topic"] == world.wire.settings.name(Topic.MEDIA_CREATED)
    await world.drained()
    assert "media_missing" in [body(record)["reason"] for record in await world.wire.read(Topic.DEAD_LETTER)]
    assert await world.jobs([900_002]) == {}
