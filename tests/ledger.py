"""A ledger with one picture in it, inspected and planned, on a real PostgreSQL."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from contracts.facts import Picture
from db import inspections, leases, runs
from db.inspections import Uninspected
from db.leases import MediumLease
from db.pool import Pool
from db.runs import Cost
from handlers.backoff import Backoff
from handlers.chain import Chain
from handlers.models import Models
from handlers.registry import load_stages
from handlers.runner.finishing import Answered, Finished, Finisher, Job, Result
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Force, Planner, PlanRequest

HOST = ("host:1", 4)
MODEL = "bildwerk-simulated"
PATIENT = Backoff(tries=3, base=3600.0, cap=36_000.0)
"""What is tried again later is not due before a busy machine comes to look."""
TEXTS = ("ollama_caption", "ollama_title")


def choose(*job_types: str, foreign: frozenset[str] = frozenset(), models: Models | None = None) -> Chain:
    """The chain in which only these job types run, or another program does them."""
    stages = load_stages()
    off = frozenset(stage.job_type for stage in stages).difference(job_types)
    return Chain(stages, foreign, off, models=models or Models(MODEL))


@dataclass
class Ledger:
    """What the tests do to media, each in a transaction of its own."""

    pool: Pool
    planner: Planner = field(default_factory=lambda: Planner(choose(*TEXTS)))

    async def add(self, path: str = "a.jpg", content_hash: str = "f1") -> int:
        """Put a medium into the platform, inspect and plan it."""
        media_id = int(await self.pool.fetchval("INSERT INTO media (path) VALUES ($1) RETURNING id", path))
        await self.plan(media_id)
        await self.inspect(media_id, content_hash)
        return media_id

    async def plan(self, media_id: int, force: Force | None = None) -> Planned:
        """Plan one medium as an event would."""
        request = PlanRequest(media_id, force=force, source={"topic": "test"})
        async with self.pool.acquire() as connection, connection.transaction():
            return await self.planner.plan_media(connection, [request])

    async def inspect(self, media_id: int, content_hash: str) -> None:
        """What the inspector does, without a file."""
        row = await self.pool.fetchrow(
            "SELECT now(), path, bildwerk.source_mark(path, updated_at, hash) AS mark FROM media WHERE id = $1",
            media_id,
        )
        async with self.pool.acquire() as connection, connection.transaction():
            medium = Uninspected(media_id, row["path"], row["mark"], 0, row["now"])
            await inspections.settle(connection, medium, content_hash, Picture("JPEG", 10, 10, "p"))
            await self.planner.plan_media(connection, [PlanRequest(media_id)])

    async def touch(self, media_id: int) -> None:
        """What a platform does to a row whose file stays the same."""
        await self.pool.execute("UPDATE media SET updated_at = updated_at + interval '1 s' WHERE id = $1", media_id)

    async def claim(self) -> MediumLease:
        """Lease the next medium."""
        async with self.pool.acquire() as connection:
            await leases.register_slots(connection, [HOST])
            claim = await leases.claim(connection, uuid4(), timedelta(hours=1), [HOST])
        assert claim is not None
        return claim.medium

    async def start(self, lease: MediumLease, job_type: str) -> Job:
        """Begin the run of a due job, as the runner does before it asks the model."""
        verdict = await self.verdict(lease.media_id, job_type)
        stage = self.planner.chain.stage(job_type)
        content_hash = await self.pool.fetchval("SELECT content_hash FROM bildwerk.media WHERE id = $1", lease.media_id)
        question = runs.Question(
            job_type, verdict["generation"], verdict["fingerprint"], content_hash, "recipe", HOST[0], "model"
        )
        async with self.pool.acquire() as connection:
            run_id = await runs.start(connection, lease, question)
        assert run_id is not None
        return Job(lease, stage, run_id, "model", verdict["fingerprint"], verdict["generation"])

    async def finish(
        self, job: Job, result: Result, finisher: Finisher | None = None, mark: str | None = None
    ) -> Finished:
        """Settle a job in a transaction."""
        async with self.pool.acquire() as connection, connection.transaction():
            finished, _ = await (finisher or Finisher(self.planner, PATIENT)).finish(connection, job, result, mark)
        return finished

    async def release(self, lease: MediumLease) -> None:
        """Give a medium back."""
        async with self.pool.acquire() as connection:
            await leases.release(connection, lease)

    async def blocked(self) -> None:
        """Wait until somebody waits for what another transaction holds."""
        async with self.pool.acquire() as watcher, asyncio.timeout(10):
            while not await watcher.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)

    async def verdict(self, media_id: int, job_type: str) -> Any:
        """One row of the ledger's jobs."""
        return await self.pool.fetchrow(
            "SELECT * FROM bildwerk.jobs WHERE media_id = $1 AND job_type = $2", media_id, job_type
        )

    async def meta(self, media_id: int) -> dict[str, Any]:
        """The medium's `media_meta`, without what tells of the run."""
        rows = await self.pool.fetch("SELECT key, value FROM media_meta WHERE media_id = $1", media_id)
        return {r["key"]: r["value"] for r in rows if r["key"] not in ("ollama.model", "ollama.last_run_at")}

    async def events(self) -> list[tuple[str, str, int]]:
        """(job type, outcome, generation) of every completion in the outbox, in order."""
        rows = await self.pool.fetch("SELECT payload FROM bildwerk.outbox ORDER BY id")
        return [(r["payload"]["job_type"], r["payload"]["outcome"], r["payload"]["generation"]) for r in rows]

    async def caption(self, media_id: int, text: str = "A cat on a mat.") -> None:
        """Claim, run and finish the caption, then give the medium back."""
        lease = await self.claim()
        assert lease.media_id == media_id
        await self.finish(await self.start(lease, "ollama_caption"), captioned(text))
        await self.release(lease)


def captioned(text: str = "A cat on a mat.") -> Answered:
    """A good answer of the caption stage."""
    (stage, *_) = load_stages()
    assert stage.job_type == "ollama_caption"
    answer = stage.Answer(caption=text, description=f"{text} It sleeps.")
    return Answered(answer, answer.model_dump_json(), Cost(10, 5, 0.0, 1.0, 2.0, 3.0))
