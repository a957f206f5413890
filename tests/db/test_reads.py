"""What people are told about the ledger is what the ledger holds."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from contracts.tags import Tag
from db import leases
from db.ledger import LastError, write_error
from db.pool import Connection
from db.reads import (
    JobCount,
    Overview,
    Queues,
    find_medium,
    read_installation,
    read_overview,
    read_queues,
    read_record,
    read_server,
    read_sheet,
)
from db.tags import SOURCE
from tests.ledger import HOST, Ledger


@pytest.fixture
async def connection(ledger: Ledger) -> AsyncIterator[Connection]:
    """Return a connection to the ledger's database."""
    async with ledger.pool.acquire() as acquired:
        yield acquired


async def test_an_empty_ledger_is_settled(connection: Connection) -> None:
    overview = await read_overview(connection)

    assert overview.queues == Queues(0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0, 0)
    assert (overview.media, overview.jobs, overview.calls, overview.per_minute, overview.left) == (0, (), 0, None, None)
    assert overview.settled


async def test_queues_follow_a_medium(connection: Connection, ledger: Ledger) -> None:
    media_id = int(await ledger.pool.fetchval("INSERT INTO media (path) VALUES ('a.jpg') RETURNING id"))
    await ledger.plan(media_id)
    await ledger.plan(media_id + 1)
    assert (await read_queues(connection)) == Queues(0, 0, 1, 0, 0, 1, 0, 0.0, 0, 0, 0)

    await ledger.inspect(media_id, "f1")
    assert (await read_queues(connection)).ready == 1

    lease = await ledger.claim()
    queues = await read_queues(connection, [HOST])
    assert (queues.ready, queues.leased, queues.uninspected, queues.slots_taken, queues.slots) == (0, 1, 0, 1, 4)

    await ledger.release(lease)
    assert (await read_queues(connection)).leased == 0


async def test_slots_that_nobody_can_use_any_more_are_not_counted(connection: Connection, ledger: Ledger) -> None:
    """Rows stay when a host is taken away or gets fewer slots; what somebody holds there still counts."""
    await leases.register_slots(connection, [("host:1", 8), ("gone:1", 4)])
    assert (await read_queues(connection, [("host:1", 2)])).slots == 2
    assert (await read_overview(connection, [("host:1", 2), ("gone:1", 1)])).queues.slots == 3

    await ledger.add()
    await leases.claim(connection, uuid4(), timedelta(seconds=60), [("gone:1", 4)])
    queues = await read_queues(connection, [("host:1", 2)])
    assert (queues.slots_taken, queues.slots) == (1, 3)


async def test_jobs_are_counted_by_type_status_and_reason(connection: Connection, ledger: Ledger) -> None:
    await ledger.add("a.jpg", "f1")
    second = await ledger.add("b.jpg", "f2")
    await ledger.pool.execute("UPDATE bildwerk.jobs SET status = 'failed', reason = 'x' WHERE media_id = $1", second)

    overview = await read_overview(connection)

    assert set(overview.jobs) == {
        JobCount("ollama_caption", "due", "", 1),
        JobCount("ollama_title", "waiting", "upstream", 1),
        JobCount("ollama_caption", "failed", "x", 1),
        JobCount("ollama_title", "failed", "x", 1),
    }
    assert overview.open == 2
    assert not overview.settled


async def test_the_rate_is_that_of_useful_calls(connection: Connection, ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.caption(media_id)
    await ledger.pool.execute("UPDATE bildwerk.runs SET started_at = now() - interval '30 s'")

    overview = await read_overview(connection)

    assert (overview.calls, overview.prompt_tokens, overview.answer_tokens) == (1, 10, 5)
    assert overview.per_minute == pytest.approx(2, rel=0.1)
    assert overview.open == 1
    assert overview.left is not None
    assert overview.left.total_seconds() == pytest.approx(30, rel=0.1)


async def test_old_calls_are_no_rate(connection: Connection, ledger: Ledger) -> None:
    await ledger.caption(await ledger.add())
    await ledger.pool.execute("UPDATE bildwerk.runs SET ended_at = now() - interval '1 h'")

    assert (await read_overview(connection)).per_minute is None


@pytest.mark.parametrize("open_jobs", [1, 90])
def test_time_left_is_work_over_rate(open_jobs: int) -> None:
    jobs = (JobCount("a", "due", "", open_jobs), JobCount("a", "done", "", 5))
    overview = Overview(1, 0, jobs, Queues(0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0, 0), 0, 0, 0, per_minute=30.0)

    assert overview.left == timedelta(minutes=open_jobs / 30)


async def test_a_medium_is_found_by_id_and_by_path(connection: Connection, ledger: Ledger) -> None:
    media_id = await ledger.add("2024/a b.jpg")

    assert await find_medium(connection, str(media_id)) == media_id
    assert await find_medium(connection, "2024/a b.jpg") == media_id
    assert await find_medium(connection, "2024/a") is None


async def test_a_record_holds_runs_newest_first_errors_and_writers(connection: Connection, ledger: Ledger) -> None:
    media_id = await ledger.add()
    await ledger.caption(media_id)
    async with connection.transaction():
        await write_error(connection, media_id, "ollama_title", LastError("transient", "timeout", "600 s"))
    await ledger.start(await ledger.claim(), "ollama_title")

    record = await read_record(connection, media_id)

    assert record is not None
    assert [(run.job_type, run.outcome) for run in record.runs] == [("ollama_title", None), ("ollama_caption", "done")]
    assert record.errors == {"ollama_title": {"kind": "transient", "reason": "timeout", "detail": "600 s"}}
    assert record.written_by["ollama.caption"] == record.runs[1].id
    assert record.leased
    assert await read_record(connection, media_id + 1) is None


async def test_the_sheet_holds_words_cost_and_what_went_wrong(connection: Connection, ledger: Ledger) -> None:
    media_id = await ledger.add("b.jpg")
    await ledger.caption(media_id)
    await ledger.pool.execute("UPDATE bildwerk.jobs SET status = 'failed', reason = 'refusal' WHERE job_type ~ 'title'")
    await ledger.pool.execute("INSERT INTO media (path) VALUES ('a.jpg')")
    for name in ("quality", "scores", "policy_flags", "prompt_reconstruction"):
        await ledger.pool.execute(
            "INSERT INTO media_meta (media_id, key, value) VALUES ($1, $2, $3)", media_id, f"ollama.{name}", {name: 1}
        )

    unknown, known = await read_sheet(connection)

    assert (unknown.path, unknown.title, unknown.tokens, unknown.failed) == ("a.jpg", None, 0, None)
    assert (known.path, known.caption, known.tokens, known.failed) == ("b.jpg", "A cat on a mat.", 15, "refusal")
    assert (known.width, known.height, known.content_hash, known.model) == (10, 10, "f1", "model")
    assert (known.quality, known.scores, known.policy) == ({"quality": 1}, {"scores": 1}, {"policy_flags": 1})
    assert (known.prompt, known.history, known.tags) == ({"prompt_reconstruction": 1}, (), ())
    assert known.seconds == pytest.approx(0.003)
    assert len(await read_sheet(connection, 1)) == 1


async def test_the_sheet_tells_our_tags_and_prompts_from_others(connection: Connection, ledger: Ledger) -> None:
    media_id = await ledger.add("a.jpg")
    await ledger.pool.execute(
        "INSERT INTO tags (id, name)"
        " VALUES (1, 'ours'), (2, 'weighed anew'), (3, 'locked'), (4, 'theirs'), (5, 'minor')"
    )
    await ledger.pool.execute(
        "INSERT INTO media_tags (media_id, tag_id, confidence, weight, locked, source) VALUES"
        " ($1, 1, 0.5, 0.75, false, $2), ($1, 2, 0.5, 0.5, false, $2), ($1, 3, 0.5, 0.25, true, $2),"
        " ($1, 4, NULL, NULL, false, NULL), ($1, 5, 0.5, 0.125, false, $2)",
        media_id,
        SOURCE,
    )
    await ledger.pool.execute(
        "INSERT INTO bildwerk.tag_links (media_id, tag_id, name, confidence, weight, run_id) VALUES"
        " ($1, 1, 'ours', 0.5, 0.75, 1), ($1, 2, 'weighed anew', 0.5, 0.25, 1), ($1, 3, 'locked', 0.5, 0.25, 1),"
        " ($1, 4, 'theirs', NULL, NULL, NULL), ($1, 5, 'minor', 0.5, 0.125, 1)",
        media_id,
    )
    await ledger.pool.execute(
        "INSERT INTO prompt_history (media_id, prompt, source) VALUES"
        " ($1, 'a cat', 'ollama_prompt_recon'), ($1, 'a dog', 'generator')",
        media_id,
    )
    (shot,) = await read_sheet(connection)

    assert shot.tags == (
        Tag("theirs"),
        Tag("ours", 0.5, 0.75, ours=True),
        Tag("weighed anew", 0.5, 0.5),
        Tag("locked", 0.5, 0.25, locked=True),
        Tag("minor", 0.5, 0.125, ours=True),
    )
    assert shot.history == ("a cat",)


async def test_the_server_and_the_installation_tell_of_themselves(connection: Connection) -> None:
    server = await read_server(connection)

    assert server.version >= 160_000
    assert server.synchronous_commit == "on"
    assert not server.standby
    assert (await read_installation(connection)).owns_platform
