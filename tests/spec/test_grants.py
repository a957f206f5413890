"""Every stage under exactly the grants that `db/grants.py` lists for it, and without one of them.

The tables belong to somebody else; the role is that of `bildwerk serve`, which `migrate` lets work in our schema.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bildwerk.sandbox.ollama import Simulated
from db.grants import Grant, list_needed
from db.migrate import migrate
from db.pool import Database, open_pool
from handlers.chain import Chain
from handlers.registry import load_stages
from handlers.runner.finishing import Finisher
from handlers.runner.planning import Planner
from handlers.runner.writing import EffectWriter
from tests.ledger import Ledger
from tests.spec.album import draw_scene, save
from tests.spec.cells import find_stages
from tests.spec.desk import Desk
from tests.spec.j6_prompt_recon import JUDGED, SURE
from tests.spec.j8_policy_flags import GOOD, QUALITY_RESULT
from tests.workshop import SPEED, open_workshop

ROLE = "bildwerk_service"
JOBS = tuple(stage.job_type for stage in load_stages())
WRITES = {
    "ollama_tags_normalize": ("tags",),
    "ollama_quality": ("quality", "events"),
    "ollama_prompt_recon": ("prompts",),
    "ollama_policy_flags": ("quality", "events"),
}
KNOWN: dict[str, dict[str, Any]] = {
    "ollama_prompt_recon": JUDGED,
    "ollama_score_multi": {"ollama.quality": QUALITY_RESULT},
    "ollama_policy_flags": {**GOOD, "scan.nsfw": 0.9},
}
"""What makes a stage due that waits for others."""


def make_chain(job_type: str) -> Chain:
    """The stage and those before it, of which only it runs."""
    stages = find_stages(job_type)
    return Chain(stages, off=frozenset(stage.job_type for stage in stages if stage.job_type != job_type))


def list_grants(job_type: str) -> tuple[Grant, ...]:
    """What it needs."""
    return list_needed(make_chain(job_type).keys, ("provenance", *WRITES.get(job_type, ())))


def list_new(job_type: str) -> list[Grant]:
    """What it needs and none before it."""
    before = {grant for name in JOBS[: JOBS.index(job_type)] for grant in list_grants(name)}
    return [grant for grant in list_grants(job_type) if grant not in before]


@asynccontextmanager
async def narrowed(desk: Desk, grants: Iterable[Grant]) -> AsyncIterator[None]:
    """Let everything that works be the role with these grants."""
    workshop, admin = desk.workshop, desk.pool
    runner = workshop.runner
    await admin.execute("".join(f"GRANT {grant} TO {ROLE};" for grant in grants))
    try:
        async with open_pool(Database(f"{desk.database}?role={ROLE}")) as pool:
            workshop.runner = replace(runner, pool=pool)
            workshop.ledger.pool = workshop.inspector.pool = pool
            yield
    finally:
        workshop.runner = runner
        workshop.ledger.pool = workshop.inspector.pool = admin
        every = {grant for job_type in JOBS for grant in list_grants(job_type)}
        await admin.execute("".join(f"REVOKE {grant} FROM {ROLE};" for grant in every))


async def is_done(desk: Desk, job_type: str, grants: Iterable[Grant]) -> bool:
    """Whether the stage does its job, and does it once more when it is forced to."""
    await desk.pool.execute("DELETE FROM bildwerk.media; TRUNCATE media, tags CASCADE")
    scene = draw_scene(1)
    await desk.upload(save(scene))
    media_id = await desk.upload(save(scene.resize((240, 180))), **KNOWN.get(job_type, {}))
    if job_type == "ollama_prompt_recon":  # so sure that it is to be kept
        await desk.tag(media_id, "boat", "lake", "sky", "mountain", "summer")
        await desk.plan(media_id)
        await desk.answer(media_id, job_type, SURE)
    try:
        async with narrowed(desk, grants):
            await desk.work()
            first = await desk.verdict(media_id, job_type)
            await desk.plan(media_id, force="again", job_types=(job_type,))
            await desk.work()
            second = await desk.verdict(media_id, job_type)
    except asyncpg.InsufficientPrivilegeError:
        return False
    return (first, second) == (("done", ""), ("done", ""))


@pytest.mark.parametrize("job_type", JOBS)
async def test_a_stage_runs_under_its_grants_and_fails_without_each(
    job_type: str, database: str, start_ollama: Callable[..., Awaitable[Simulated]], tmp_path: Path
) -> None:
    planner = Planner(make_chain(job_type))
    writer = EffectWriter(frozenset({"provenance", *WRITES.get(job_type, ())}))
    admin = await asyncpg.connect(database)
    await admin.execute(f"REVOKE ALL ON SCHEMA public FROM PUBLIC; CREATE ROLE {ROLE}")
    await migrate(database, service=ROLE)
    try:
        async with (
            open_pool(Database(database)) as pool,
            open_workshop(Ledger(pool, planner), await start_ollama(2, *SPEED), tmp_path) as workshop,
        ):
            desk = Desk(workshop, database)
            desk.settle_with(Finisher(planner, writer=writer))
            done = partial(is_done, desk, job_type)
            assert await done(list_grants(job_type))
            for missing in list_new(job_type):
                assert not await done(grant for grant in list_grants(job_type) if grant != missing), missing
    finally:
        await admin.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")
        await admin.close()
