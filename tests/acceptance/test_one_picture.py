"""The walking skeleton: an event goes in, a caption, a description and a title come out, and two events tell it."""

import uuid
from datetime import datetime
from itertools import pairwise

import pytest

from contracts.topics import Topic
from tests.acceptance.invariants import gather
from tests.acceptance.wire import body, header
from tests.acceptance.world import CAPTION, MODEL, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_upload_becomes_a_captioned_titled_picture(running: World) -> None:
    world = running
    (media,) = await world.add(1)

    await world.wire.created([media])
    await world.settled([media])

    meta = await world.meta(media)
    texts = {key: meta[f"ollama.{key}"] for key in ("caption", "description", "title")}
    assert all(isinstance(text, str) and text.strip() for text in texts.values())
    assert len(set(texts.values())) == 3
    assert meta["ollama.model"] == MODEL
    assert datetime.fromisoformat(meta["ollama.last_run_at"]).tzinfo is not None
    calls = await world.calls(media)
    assert [(call["media"], call["job"]) for call in calls] == [(str(media), CAPTION), (str(media), TITLE)]
    assert len({call["picture"] for call in calls}) == 1
    (await gather(world)).check()


async def test_completions_are_cloudevents_in_binary_mode(running: World) -> None:
    world = running
    (media,) = await world.add(1)
    await world.wire.created([media])
    await world.settled([media])

    records = [r for r in await world.wire.read(Topic.STAGE_COMPLETED) if body(r)["media_id"] == media]

    assert [(record.key, body(record)["job_type"]) for record in records] == [
        (str(media).encode(), CAPTION),
        (str(media).encode(), TITLE),
    ]
    installation = await world.pool.fetchval("SELECT id FROM bildwerk.installation")
    for record in records:
        assert header(record, "ce_specversion") == "1.0"
        assert header(record, "ce_type") == "stage.completed"
        assert str(installation) in header(record, "ce_source")
        assert uuid.UUID(header(record, "ce_id")).version == 4
        assert datetime.fromisoformat(header(record, "ce_time")).tzinfo is not None
        assert header(record, "content-type") == "application/json"
        event = body(record)
        assert (event["media_id"], event["outcome"], event["model"]) == (media, "done", MODEL)
        assert event["prompt_tokens"] > 0
        assert event["answer_tokens"] > 0
        assert event["duration_ms"] > 0
        assert event["run"] > 0
    assert all(body(a)["plan_no"] < body(b)["plan_no"] for a, b in pairwise(records))


async def test_captions_and_titles_come_in_german(world: World) -> None:
    media = await world.add(3)
    await world.serve(language="de")

    await world.wire.created(media)
    await world.settled(media)

    assert {job["status"] for job in (await world.jobs()).values()} == {"done"}
    words = " ".join([str(value) for m in media for value in (await world.meta(m)).values()]).lower().split()
    assert {"ein", "eine", "mit", "und", "auf", "das", "die", "der"} & set(words)
    assert not {"the", "with", "and", "a"} & set(words)


async def test_a_cloudevent_is_taken_as_well_as_a_plain_body(running: World) -> None:
    world = running
    (media,) = await world.add(1)

    await world.wire.send(Topic.MEDIA_CREATED, [{"media_id": media}], str(uuid.uuid4()))

    await world.settled([media])
