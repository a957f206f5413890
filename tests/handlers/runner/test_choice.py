"""Media left out by settings or by a person, on a real PostgreSQL: no look, no call, one event each, and back again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from consumers.sweep import Sweep
from db import inspections
from handlers.choice.choice import Choice
from handlers.choice.opting_out import SKIP
from handlers.choice.paths import PathPattern
from handlers.choice.ranges import AGE, read_range
from handlers.choice.types import read_type
from handlers.runner.finishing import Finished
from handlers.runner.planning import Force, Planner
from tests.ledger import TEXTS, Ledger, captioned, choose

CAPTION, TITLE = TEXTS


def use(ledger: Ledger, choice: Choice) -> None:
    """What a restart with other settings does."""
    ledger.planner = Planner(replace(choose(*TEXTS), choice=choice))


async def put(ledger: Ledger, path: str) -> int:
    """A medium of the platform that an event names; nobody looks at it here."""
    media_id = int(await ledger.pool.fetchval("INSERT INTO media (path) VALUES ($1) RETURNING id", path))
    await ledger.plan(media_id)
    return media_id


async def say(ledger: Ledger, media_id: int, value: Any) -> None:
    """What a person says of it."""
    await ledger.pool.execute("INSERT INTO media_meta VALUES ($1, $2, $3)", media_id, SKIP, value)


async def sweep(ledger: Ledger) -> int:
    """Sweep everything once; how many media changed."""
    changed: list[int] = []
    await Sweep(ledger.pool, ledger.planner, lambda planned: changed.append(planned.changed)).sweep_slice()
    await ledger.pool.execute("UPDATE bildwerk.watches SET cursor = 0, owner = NULL, until = NULL")
    return sum(changed)


async def stands(ledger: Ledger, media_id: int) -> dict[str, tuple[str, str]]:
    """(status, reason) by job type."""
    rows = await ledger.pool.fetch("SELECT * FROM bildwerk.jobs WHERE media_id = $1 ORDER BY job_type", media_id)
    return {row["job_type"]: (row["status"], row["reason"]) for row in rows}


async def to_be_looked_at(ledger: Ledger) -> int:
    async with ledger.pool.acquire() as connection:
        return len(await inspections.claim(connection, 10, timedelta(0)))


async def test_a_path_that_is_left_out_is_never_read(ledger: Ledger) -> None:
    """33, R8: skipped with its reason, announced once, not claimable, not inspected."""
    use(ledger, Choice(except_paths=(PathPattern("private/"),)))
    media_id = await put(ledger, "private/a.jpg")

    assert await stands(ledger, media_id) == dict.fromkeys(TEXTS, ("skipped", "filtered_path"))
    assert await ledger.events() == [(name, "skipped", 0) for name in TEXTS]
    assert await to_be_looked_at(ledger) == 0
    await ledger.touch(media_id)
    await ledger.plan(media_id)
    assert await sweep(ledger) == 0
    assert await to_be_looked_at(ledger) == 0
    assert len(await ledger.events()) == len(TEXTS)


async def test_a_type_that_nobody_knows_is_looked_at_first(ledger: Ledger) -> None:
    use(ledger, Choice(only_types=(read_type("png"),)))
    media_id = await put(ledger, "a")
    assert await to_be_looked_at(ledger) == 1
    await ledger.inspect(media_id, "f1")

    assert await stands(ledger, media_id) == dict.fromkeys(TEXTS, ("skipped", "filtered_type"))
    told = await ledger.events()

    # touched, it is looked at again, and nothing is told; replaced by what is wanted, it is taken up
    await ledger.touch(media_id)
    await ledger.plan(media_id)
    assert await to_be_looked_at(ledger) == 1
    await ledger.inspect(media_id, "f1")
    assert await ledger.events() == told
    use(ledger, Choice(only_types=(read_type("jpeg"),)))
    await ledger.touch(media_id)
    await ledger.plan(media_id)
    await ledger.inspect(media_id, "f1")
    assert await stands(ledger, media_id) == {CAPTION: ("due", ""), TITLE: ("waiting", "upstream")}


async def test_a_changed_filter_reaches_the_library_by_the_sweep(ledger: Ledger) -> None:
    """P18: left out at the next sweep, and taken up again by another; what was done stands."""
    done, due = await ledger.add("a.jpg"), await ledger.add("b.jpg", "f2")
    await ledger.caption(done)
    use(ledger, Choice(only_paths=(PathPattern("*.png"),)))
    assert await sweep(ledger) == 2
    assert await stands(ledger, done) == {CAPTION: ("done", ""), TITLE: ("skipped", "filtered_path")}
    assert await stands(ledger, due) == dict.fromkeys(TEXTS, ("skipped", "filtered_path"))
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.media WHERE due <> '{}'") == 0
    told = await ledger.events()
    assert await sweep(ledger) == 0

    use(ledger, Choice())
    assert await sweep(ledger) == 2
    assert await stands(ledger, done) == {CAPTION: ("done", ""), TITLE: ("due", "")}
    assert await stands(ledger, due) == {CAPTION: ("due", ""), TITLE: ("waiting", "upstream")}
    assert await ledger.events() == told


async def test_a_medium_that_becomes_old_enough_is_picked_up_by_the_sweep(ledger: Ledger) -> None:
    """No event tells of the time; nothing moves before it has come, and nothing after."""
    use(ledger, Choice(age=read_range("7d..", AGE)))
    media_id = await put(ledger, "a.jpg")
    assert await stands(ledger, media_id) == dict.fromkeys(TEXTS, ("skipped", "filtered_age"))
    assert [await sweep(ledger) for _ in range(3)] == [0, 0, 0]
    before = await ledger.events()

    await ledger.pool.execute("UPDATE media SET created_at = created_at - interval '8 d'")
    await sweep(ledger)
    assert await to_be_looked_at(ledger) == 1
    await ledger.inspect(media_id, "f1")
    assert await stands(ledger, media_id) == {CAPTION: ("due", ""), TITLE: ("waiting", "upstream")}
    assert (await ledger.verdict(media_id, CAPTION))["generation"] == 0
    assert await sweep(ledger) == 0
    assert await ledger.events() == before


async def test_a_person_opts_a_medium_out_and_in_again(ledger: Ledger) -> None:
    """At the next plan, by event or sweep; force does not help; undone, the work goes on."""
    media_id = await ledger.add()
    await say(ledger, media_id, value=True)
    await ledger.plan(media_id)
    assert await stands(ledger, media_id) == dict.fromkeys(TEXTS, ("skipped", "opted_out"))
    await ledger.plan(media_id, Force("f"))
    assert await stands(ledger, media_id) == dict.fromkeys(TEXTS, ("skipped", "opted_out"))
    assert await ledger.pool.fetchval("SELECT due FROM bildwerk.media") == []

    await ledger.pool.execute("DELETE FROM media_meta")
    await sweep(ledger)
    await ledger.caption(media_id)
    assert await stands(ledger, media_id) == {CAPTION: ("done", ""), TITLE: ("due", "")}


async def test_a_person_opts_out_of_one_job(ledger: Ledger) -> None:
    media_id = await ledger.add()
    await say(ledger, media_id, ["caption"])
    await ledger.plan(media_id)

    assert await stands(ledger, media_id) == {CAPTION: ("skipped", "opted_out"), TITLE: ("due", "")}


async def test_an_answer_is_not_written_to_a_medium_opted_out_during_the_call(ledger: Ledger) -> None:
    """24, I17: the run is recorded as superseded, and nothing of it is written."""
    media_id = await ledger.add()
    job = await ledger.start(await ledger.claim(), CAPTION)
    await say(ledger, media_id, value=True)

    assert await ledger.finish(job, captioned()) is Finished.SUPERSEDED
    assert await ledger.meta(media_id) == {SKIP: True}
    assert await stands(ledger, media_id) == dict.fromkeys(TEXTS, ("skipped", "opted_out"))
