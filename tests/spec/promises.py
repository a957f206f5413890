"""What several cells promise in the same words."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

from db.pool import Database, open_pool
from tests.acceptance.polling import until
from tests.spec.desk import Desk

ATTEMPT = "SELECT status, attempt, run_at > now() AS later FROM bildwerk.jobs WHERE media_id = $1 AND job_type = $2"


async def tries_again_after_a_time_out(desk: Desk, job_type: str) -> None:
    """A call is given up while the server answers others: the job waits, writes nothing, and is tried again."""
    workshop, own = desk.workshop, desk.workshop.ledger.planner.chain.stage(job_type).writes
    desk.ask_with(total_timeout=3.0)
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


async def fails_at_once_on_invalid_json(desk: Desk, job_type: str) -> None:
    """One call, a failed job, none of its values; nothing but new pixels or a request starts it again."""
    own = desk.workshop.ledger.planner.chain.stage(job_type).writes
    media_id = await desk.add()
    await desk.workshop.fail("broken_json", match={"job": job_type}, next=1)
    await desk.work()
    await desk.plan(media_id)
    await desk.pass_time()
    await desk.work()

    assert await desk.verdict(media_id, job_type) == ("failed", "not_json")
    assert await desk.calls(media_id, job_type) == 1
    assert not set(own) & set(await desk.ours(media_id))


async def needs_no_more_than(desk: Desk, job_type: str, grants: Mapping[str, str]) -> None:
    """The job is done by a role with these grants, privileges by table of the platform, and changes no other table."""
    role = f"narrow_{uuid4().hex}"
    await desk.pool.execute(
        f"CREATE ROLE {role}; GRANT USAGE ON SCHEMA public, bildwerk TO {role};"
        f"GRANT ALL ON ALL TABLES IN SCHEMA bildwerk TO {role};"
        + "".join(f"GRANT {privileges} ON {table} TO {role};" for table, privileges in grants.items())
    )
    writable = tuple(table for table, privileges in grants.items() if privileges != "SELECT")
    try:
        media_id = await desk.add(prompt="theirs")
        before = await desk.platform(but=writable)
        async with open_pool(Database(f"{desk.database}?role={role}")) as narrow:
            desk.workshop.runner = replace(desk.workshop.runner, pool=narrow)
            await desk.work()
        assert await desk.verdict(media_id, job_type) == ("done", "")
        assert await desk.platform(but=writable) == before
        theirs = {key: value for key, value in (await desk.meta(media_id)).items() if not key.startswith("ollama.")}
        assert theirs == {"prompt": "theirs"}
    finally:
        await desk.pool.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
