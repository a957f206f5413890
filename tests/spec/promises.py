"""What several cells promise in the same words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

from db.pool import Database, open_pool
from tests.acceptance.polling import until
from tests.spec.desk import Desk

Grants = Mapping[str, str]
Again = Callable[[], Awaitable[int]]
Add = Callable[..., Awaitable[int]]
"""Uploads what the job is due for, with these values of `media_meta`, and returns the medium."""
ATTEMPT = "SELECT status, attempt, run_at > now() AS later FROM bildwerk.jobs WHERE media_id = $1 AND job_type = $2"


async def tries_again_after_a_time_out(desk: Desk, job_type: str) -> None:
    """A call is given up while the server answers others: the job waits, writes nothing, and is tried again."""
    workshop, own = desk.workshop, desk.workshop.ledger.planner.chain.stage(job_type).writes
    desk.ask_with(total_timeout=12.0)
    media_id = await desk.add("teal")
    await workshop.fail("hang", match={"job": job_type, "media": str(media_id)}, next=1)
    work = await workshop.claim()
    hanging = asyncio.create_task(workshop.runner.run(work))
    await until(lambda: desk.calls(media_id, job_type))
    await desk.add("orange")
    await workshop.runner.run(await workshop.claim())
    await hanging

    assert tuple((await desk.pool.fetchrow(ATTEMPT, media_id, job_type)).values()) == ("due", 1, True)
    assert not set(own) & set(await desk.ours(media_id))
    await desk.pass_time()
    await desk.work()
    assert await desk.verdict(media_id, job_type) == ("done", "")
    assert await desk.calls(media_id, job_type) == 2


async def fails_at_once_on_invalid_json(desk: Desk, job_type: str, add: Add | None = None) -> None:
    """One call, a failed job, none of its values; nothing but new pixels or a request starts it again."""
    own = desk.workshop.ledger.planner.chain.stage(job_type).writes
    media_id = await (add or desk.add)()
    await desk.workshop.fail("broken_json", match={"job": job_type}, next=1)
    await desk.work()
    await desk.plan(media_id)
    await desk.pass_time()
    await desk.work()

    assert await desk.verdict(media_id, job_type) == ("failed", "not_json")
    assert await desk.calls(media_id, job_type) == 1
    assert not set(own) & set(await desk.ours(media_id))


async def fails_with(
    desk: Desk,
    job_type: str,
    answers: Mapping[str, Mapping[str, Any]],
    reason: str,
    add: Add | None = None,
    **known: Any,
) -> None:
    """Each of these answers fails the job at once, and none of its values, columns and events is written."""
    own = desk.workshop.ledger.planner.chain.stage(job_type).writes
    for what, answer in answers.items():
        media_id = await (add or desk.add)(**known)
        before = await desk.quality(media_id)
        await desk.answer(media_id, job_type, answer)
        await desk.work()
        assert await desk.verdict(media_id, job_type) == ("failed", reason), what
        assert await desk.calls(media_id, job_type) == 1, what
        assert not set(own) & set(await desk.ours(media_id)), what
        assert (await desk.quality(media_id), await desk.events(media_id)) == (before, []), what


@asynccontextmanager
async def narrowed(desk: Desk, grants: Grants) -> AsyncIterator[None]:
    """Let the runner, the inspector and the seeker be a role with these privileges by table of the platform."""
    workshop = desk.workshop
    role, runner, pool = f"narrow_{uuid4().hex}", workshop.runner, desk.pool
    await desk.pool.execute(
        f"CREATE ROLE {role}; GRANT USAGE ON SCHEMA public, bildwerk TO {role};"
        f"GRANT ALL ON ALL TABLES IN SCHEMA bildwerk TO {role};"
        + "".join(f"GRANT {privileges} ON {table} TO {role};" for table, privileges in grants.items())
    )
    try:
        async with open_pool(Database(f"{desk.database}?role={role}")) as narrow:
            workshop.runner = replace(runner, pool=narrow)
            workshop.ledger.pool = workshop.inspector.pool = narrow
            yield
    finally:
        workshop.runner = runner
        workshop.ledger.pool = workshop.inspector.pool = pool
        await desk.pool.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


async def needs_no_more_than(desk: Desk, job_type: str, grants: Grants, add: Add | None = None, **known: Any) -> None:
    """The job is done by a role with these privileges, and changes nothing but its own values."""
    writable = tuple(table for table, privileges in grants.items() if privileges != "SELECT")
    media_id = await (add or desk.add)(prompt="theirs", **known)
    before = await desk.platform(but=writable)
    async with narrowed(desk, grants):
        await desk.work()
    assert await desk.verdict(media_id, job_type) == ("done", "")
    assert await desk.platform(but=writable) == before
    given, after = {"prompt": "theirs", **known}, await desk.meta(media_id)
    assert {key: after[key] for key in given} == given
    assert all(key.startswith("ollama.") for key in after.keys() - given.keys())


async def needs_each_of(desk: Desk, job_type: str, base: Grants, writes: Mapping[str, Grants], again: Again) -> None:
    """Every optional write adds its own privileges: with them it is made, and without them it cannot be.

    `again` makes the job due anew on a medium of its own, so that it has something to write, and returns the medium.
    """
    for name, added in writes.items():
        for granted in (added, {}):
            media_id = await again()
            desk.write_only(name)
            before = await desk.platform()
            both = {table: ", ".join(filter(None, (base.get(table), what))) for table, what in granted.items()}
            async with narrowed(desk, {**base, **both}):
                await desk.work()
            after = await desk.platform()
            changed = {table for table in before if before[table] != after[table]}
            expected = ("done", "") if granted else ("failed", "bug")
            assert await desk.verdict(media_id, job_type) == expected, name
            assert changed == ({"media_meta", *added} if granted else set()), name
