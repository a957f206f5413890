"""What must be true of a ledger after every transaction, read off its tables. Nothing was relayed or purged yet."""

from collections import Counter, defaultdict
from typing import Any

from db.pool import Pool
from handlers.chain import Chain

TERMINAL = ("done", "skipped", "failed")
Told = dict[tuple[int, str], list[tuple[str, str, int]]]
"""Completions of each job in the order of the outbox: outcome, reason, generation."""


async def check(pool: Pool, chain: Chain) -> None:
    """Assert all of it."""
    jobs = {(row["media_id"], row["job_type"]): row for row in await pool.fetch("SELECT * FROM bildwerk.jobs")}
    told = await read_told(pool)
    _check_events(jobs, told)
    _check_verdicts(jobs)
    await _check_effects(pool, jobs)
    await _check_media(pool, jobs, chain)


async def read_told(pool: Pool) -> Told:
    """Every completion in the outbox."""
    told: Told = defaultdict(list)
    for row in await pool.fetch("SELECT payload FROM bildwerk.outbox WHERE type = 'stage.completed' ORDER BY id"):
        said = row["payload"]
        told[said["media_id"], said["job_type"]].append((said["outcome"], said["reason"], said["generation"]))
    return told


def _check_events(jobs: dict[tuple[int, str], Any], told: Told) -> None:
    """I4: the last word on a terminal job is its verdict, and nothing that was done or failed is told of twice."""
    for key, job in jobs.items():
        said = told.get(key, [])
        if job["status"] in TERMINAL:
            assert said, f"nobody was told of {key}"
            assert said[-1] == (job["status"], job["reason"], job["generation"]), key
        ended = Counter(each for each in said if each[0] != "skipped")
        assert [each for each, times in ended.items() if times > 1] == [], f"told twice of {key}"
        assert [generation for *_, generation in said] == sorted(generation for *_, generation in said), key
    assert not told.keys() - jobs.keys()


def _check_verdicts(jobs: dict[tuple[int, str], Any]) -> None:
    """P13: what is terminal is not forced any more."""
    for (_, name), job in jobs.items():
        assert not (job["forced"] and job["status"] in TERMINAL), name


async def _check_effects(pool: Pool, jobs: dict[tuple[int, str], Any]) -> None:
    """I1, I9: one effect per medium, job type and generation, of the generation that is done."""
    runs = await pool.fetch("SELECT * FROM bildwerk.runs WHERE outcome IN ('done', 'kept')")
    effects = Counter((run["media_id"], run["job_type"], run["generation"]) for run in runs)
    assert [key for key, times in effects.items() if times > 1] == []
    done = {(*key, job["generation"]) for key, job in jobs.items() if job["status"] == "done"}
    assert done <= effects.keys(), "done without an effect"


async def _check_media(pool: Pool, jobs: dict[tuple[int, str], Any], chain: Chain) -> None:
    """I10, P7, P14: what may be claimed is what is due, of an inspected mark, after its upstreams, in its time."""
    rows = await pool.fetch(
        "SELECT m.*, bildwerk.source_mark(p.path, p.updated_at, p.hash) AS mark, p.id IS NOT NULL AS there"
        " FROM bildwerk.media AS m LEFT JOIN public.media AS p ON p.id = m.id"
    )
    for row in rows:
        due = [
            s.job_type for s in chain.stages if (job := jobs.get((row["id"], s.job_type))) and job["status"] == "due"
        ]
        moments = [jobs[row["id"], name]["run_at"] for name in due]
        assert row["due"] in ([], due)
        for name in row["due"]:
            before = [jobs[row["id"], upstream]["status"] for upstream in chain.upstreams[name]]
            assert all(status in TERMINAL for status in before), f"{name} is due too early"
        if row["due"] and all(moments):
            assert row["run_at"] == min(moments)
        if row["there"] and row["inspected_mark"] == row["mark"]:
            assert row["due"] == due, "planned under this mark, and yet not claimable"
