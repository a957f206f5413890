"""Replays and dead letters beside a running service, all of them processes."""

import asyncio
import signal
import sys
from collections import Counter
from typing import Any

import pytest

from bildwerk.sandbox.process import find_free_port
from contracts.topics import Topic
from tests.acceptance.commands import run
from tests.acceptance.invariants import gather
from tests.acceptance.pages import open_client
from tests.acceptance.polling import until
from tests.acceptance.world import CAPTION, TITLE, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def told(world: World, job: str) -> Counter[str]:
    """How often the model was asked for a job, by medium."""
    return Counter(call["media"] for call in await world.calls() if call["job"] == job)


async def test_a_forced_replay_does_each_job_again_once_and_leaves_the_group_alone(world: World) -> None:
    """I16, P21."""
    media = await world.add(8)
    service = await (await world.serve(kafka_session_timeout_seconds=10)).started()
    await world.wire.created(media)
    await world.settled(media)
    await world.wire.taken_in(Topic.MEDIA_CREATED)
    committed = await world.wire.committed(Topic.MEDIA_CREATED)
    joined = len(service.events("reader.assigned"))

    status, plain = await run(world, "replay", "--topic", "media.created")
    assert (status, plain.splitlines()[-1]) == (0, "8 media planned, 0 changed, 0 due, 0 looked at")
    assert await told(world, TITLE) == {str(m): 1 for m in media}

    forced = ("replay", "--topic", "media.created", "--force", "--job-type", TITLE, "--rate", 1_000)
    status, dry = await run(world, *forced, "--dry-run")
    assert (status, dry.splitlines()[-1]) == (0, f"8 jobs would be done again: 8 {TITLE}")
    for _ in range(2):
        status, said = await run(world, *forced, "--force-id", "once")
        assert status == 0, said
        await world.settled(media)
    assert said.splitlines()[-1] == "8 media planned, 0 changed, 0 due, 0 looked at"

    assert await told(world, TITLE) == {str(m): 2 for m in media}
    assert await told(world, CAPTION) == {str(m): 1 for m in media}
    assert {job["generation"] for (_, name), job in (await world.jobs()).items() if name == TITLE} == {1}
    assert await world.wire.committed(Topic.MEDIA_CREATED) == committed
    assert len(service.events("reader.assigned")) == joined
    (await gather(world)).check()


async def test_a_replay_that_is_broken_off_goes_on_under_its_id_and_does_nothing_twice(world: World) -> None:
    """P21."""
    media = await world.add(8)
    await (await world.serve()).started()
    await world.wire.created(media)
    await world.settled(media)
    forced = ("replay", "--topic", "media.created", "--force", "--job-type", TITLE, "--force-id", "once")
    slow = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bildwerk", *forced, "--rate", "2"), env=world.environment({}), cwd=world.folder,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip

    async def some_forced() -> bool:
        return bool(await world.pool.fetchval("SELECT count(*) FROM bildwerk.forces") > 1)

    await until(some_forced)
    slow.send_signal(signal.SIGINT)
    _, said = await slow.communicate()
    assert slow.returncode == 130, said.decode()
    assert "stopped; what was planned stays planned" in said.decode()
    assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.forces") < 8

    status, rest = await run(world, *forced)
    assert status == 0, rest
    await world.settled(media)
    assert {job["generation"] for (_, name), job in (await world.jobs()).items() if name == TITLE} == {1}
    assert await told(world, TITLE) == {str(m): 2 for m in media}


async def test_failed_jobs_of_a_topic_are_tried_again(world: World) -> None:
    """Transition 16."""
    media = await world.add(3)
    await world.spoil("broken_json", match={"job": CAPTION})
    await (await world.serve()).started()
    await world.wire.created(media)
    await world.settled(media)
    assert await world.statuses() == {"failed": 3, "done": 3}
    await world.heal()

    status, said = await run(world, "replay", "--topic", "stage.completed", "--failed")
    assert (status, said.splitlines()[-1]) == (0, f"3 jobs done again: 3 {CAPTION}")
    await world.settled(media)
    assert await world.statuses() == {"done": 6}


async def test_a_flood_stops_intake_and_nothing_else_until_a_person_lifts_it(world: World) -> None:
    (first, second) = await world.add(2)
    port = find_free_port()
    settings = {"dead_letter_limit": 25, "intake_batch": 10, "web_port": port}
    service = await (await world.serve(**settings)).started()
    await world.wire.created([first])
    await world.settled([first])
    for _ in range(30):
        await world.wire.send_bytes(Topic.MEDIA_UPDATED, b"rubbish")
    await world.wire.send_bytes(Topic.MEDIA_UPDATED, b'{"media_id": %d}' % second)

    await service.said("intake.flooded")
    (flooded,) = service.events("intake.flooded")
    assert (flooded["dead"], flooded["events"], flooded["reason"]) == (25, 25, "not_json")
    async with open_client(port) as client:

        async def unready() -> Any:
            answer = await client.get("/readyz")
            return answer.status_code == 503 and answer.json()["checks"]

        checks = await until(unready)
        assert checks["kafka"].startswith(
            "intake_stopped: 25 of a topic's last 25 were dead letters, as for not_json at"
        )
        assert "bildwerk dead-letters resume" in checks["kafka"]
        assert (checks["postgresql"], checks["ollama"], checks["media_root"]) == ("ok", "ok", "ok")
        assert (await client.get("/healthz")).status_code == 200

        assert (await world.jobs([second])) == {}
        buried = await world.pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters")
        assert 0 < buried < 25
        status, said = await run(world, "dead-letters", "resume")
        assert (status, said) == (0, "events are taken again\n")
        await world.settled([second])
        assert (await client.get("/readyz")).status_code == 200
    assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters") == 30
    assert len(service.events("intake.resumed")) == 1
    assert await service.stop() == 0
    assert [error["event"] for error in service.errors()] == ["intake.flooded"]
    world.services.clear()
