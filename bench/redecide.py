"""How long it takes to decide 10 000 media again by other rules, through the ledger, without a model. No fsync."""

import time
from collections.abc import AsyncGenerator

from bench.comparison import Comparison, Plan, Round, Table
from bench.services import create_database, run_statement
from bildwerk.redecisions import Tally, apply, simulate
from bildwerk.sandbox.stack import start_stack
from db.migrate import migrate
from db.pool import Database, open_pool
from handlers.chain import Chain
from handlers.policy.rule_file import default_policy, parse_rules
from handlers.redecision import Course
from handlers.registry import load_stages
from handlers.runner.planning import Planner
from handlers.runner.redeciding import JOB_TYPE, Redecider
from handlers.runner.writing import EffectWriter
from handlers.stages.policy_flags import PolicyFlagsStage

MEDIA = 10_000
LOOK, FIRST, CHANGED, NOTHING = (
    "looked at (simulate)",
    "decided first",
    "decided again: all change",
    "again: none changes",
)
STRICT = parse_rules("""
version = "bench"
[[rule]]
id = "everything"
reason = "to change every decision"
block = { nsfw = 0 }
""")
PLATFORM = "INSERT INTO public.media (path, hash) SELECT n || '.jpg', md5(n::text) FROM generate_series(1, $1::int) n"
VALUES = """
INSERT INTO public.media_meta (media_id, key, value)
SELECT m.id, v.key, v.value FROM public.media AS m, LATERAL (VALUES
    ('ollama.quality', jsonb_build_object('status', 'ok', 'grade', 'A', 'score', 0.9, 'defects', '[]'::jsonb)),
    ('ollama.scores', jsonb_build_object('aesthetic', '{"score": 0.75}'::jsonb, 'completeness', '{"score": 0.8}'::jsonb,
        'compliance', '{"score": 0.75}'::jsonb)),
    ('scan.nsfw_score', to_jsonb((m.id % 20) / 100.0))
) AS v (key, value)
"""
LEDGER = """
INSERT INTO bildwerk.media (id, seen, inspected_mark, content_hash)
SELECT id, true, bildwerk.source_mark(path, updated_at, hash), hash FROM public.media
"""
JOBS = "INSERT INTO bildwerk.jobs (media_id, job_type, status, reason) SELECT id, $1, 'failed', 'bug' FROM public.media"


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Decide a library, decide it again, and once more, on a database of its own each round."""
    media = MEDIA // 20 if plan.quick else MEDIA
    async with start_stack(slots=None, fsync=False) as stack:
        template = await create_database(stack.database_url)
        await migrate(template)
        await run_statement(template, PLATFORM, media)
        for statement in (VALUES, LEDGER):
            await run_statement(template, statement)
        await run_statement(template, JOBS, JOB_TYPE)
        await run_statement(template, "VACUUM ANALYZE")
        for _ in plan.numbers:
            seconds = await _decide(await create_database(stack.database_url, template), media)
            yield {"seconds": seconds, "rate": {name: media / taken for name, taken in seconds.items()}}


async def _decide(database: str, media: int) -> dict[str, float]:
    seconds = {}
    async with open_pool(Database(database)) as pool:
        async with pool.acquire() as connection:
            began, tally = time.perf_counter(), Tally()
            await simulate(connection, _redecider(default=True), None, tally, lambda _: None)
            seconds[LOOK] = time.perf_counter() - began
        for name, default, course in (
            (FIRST, True, Course.CHANGED), (CHANGED, False, Course.CHANGED), (NOTHING, False, Course.SAME)
        ):  # fmt: skip
            began, tally = time.perf_counter(), Tally()
            await apply(pool, _redecider(default=default), tally, lambda _: None)
            seconds[name] = time.perf_counter() - began
            assert tally.courses == {course: media}
    return seconds


def _redecider(*, default: bool) -> Redecider:
    stages = load_stages()
    off = frozenset(stage.job_type for stage in stages) - {JOB_TYPE}
    stage = PolicyFlagsStage(default_policy() if default else STRICT)
    return Redecider(Planner(Chain(stages, off=off)), EffectWriter(), stage)


COMPARISON = Comparison(
    "redecide",
    f"deciding {MEDIA} media again by other rules, without a model",
    {"seconds": Table(f"{MEDIA} media", "seconds"), "rate": Table("a second", "media per second")},
    measure,
)
