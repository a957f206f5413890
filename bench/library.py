"""A library whose jobs are all done, made through the ledger's own transactions, without files and without a model."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from uuid import uuid4

from contracts.facts import Picture
from db import inspections, leases, ledger, runs
from db.leases import Claim
from db.pool import Connection, Pool
from db.runs import Cost
from handlers.chain import Chain
from handlers.registry import load_stages
from handlers.runner.finishing import Answered, Finished, Finisher, Job
from handlers.runner.planning import Planner, PlanRequest

ANSWERS: Mapping[str, Mapping[str, str]] = {
    "ollama_caption": {"caption": "A cat on a mat.", "description": "A grey cat lies on a red mat. It sleeps."},
    "ollama_title": {"title": "A cat on a mat"},
}
WORKERS = 4
BATCH = 500
HOST = ("bench:1", WORKERS)
LEASE = timedelta(minutes=10)


def make_planner() -> Planner:
    """A planner of the stages that there is an answer for."""
    return Planner(Chain(tuple(stage for stage in load_stages() if stage.job_type in ANSWERS)))


async def finish_all(pool: Pool, media: range) -> None:
    """Plan, inspect, and do every job of these media."""
    planner = make_planner()
    async with pool.acquire() as connection:
        for start in range(0, len(media), BATCH):
            requests = [PlanRequest(media_id) for media_id in media[start : start + BATCH]]
            async with connection.transaction():
                await planner.plan_media(connection, requests)
        await inspect_all(connection, planner)
        await leases.register_slots(connection, [HOST])
    await asyncio.gather(*(_work(pool, Finisher(planner)) for _ in range(WORKERS)))


async def inspect_all(connection: Connection, planner: Planner) -> None:
    """Find a picture of its own behind every medium that is to be looked at, without looking."""
    while await _inspect_batch(connection, planner):
        pass


async def _inspect_batch(connection: Connection, planner: Planner) -> bool:
    found = await inspections.claim(connection, BATCH, LEASE)
    async with connection.transaction():
        await ledger.lock(connection, [medium.media_id for medium in found])
        for medium in found:
            digest = name_content(medium.path)
            await inspections.settle(connection, medium, digest, Picture("JPEG", 1024, 768, digest))
        await planner.plan_media(connection, [PlanRequest(medium.media_id) for medium in found])
    return bool(found)


def name_content(path: str) -> str:
    """The content hash (hex) that stands for the file there."""
    return hashlib.sha256(path.encode()).hexdigest()


async def _work(pool: Pool, finisher: Finisher) -> None:
    async with pool.acquire() as connection:
        while claim := await leases.claim(connection, uuid4(), LEASE, [HOST]):
            for job_type in ANSWERS:
                await _do(connection, finisher, claim, job_type)
            await leases.release(connection, claim.medium)
            await leases.release_slot(connection, claim.slot)


async def _do(connection: Connection, finisher: Finisher, claim: Claim, job_type: str) -> None:
    lease, stage = claim.medium, finisher.planner.chain.stage(job_type)
    (snapshot,) = await finisher.planner.load(connection, [lease.media_id])
    verdict, content_hash = snapshot.verdicts[job_type], snapshot.facts.content_hash
    assert verdict.fingerprint is not None
    question = runs.Question(
        job_type, verdict.generation, verdict.fingerprint, content_hash, "bench", claim.slot.host, "bench"
    )
    run_id = await runs.start(connection, lease, question)
    assert run_id is not None
    answer = stage.Answer(**ANSWERS[job_type])
    job = Job(lease, stage, run_id, "bench", verdict.fingerprint, verdict.generation)
    async with connection.transaction():
        finished, _ = await finisher.finish(connection, job, Answered(answer, answer.model_dump_json(), Cost()))
    assert finished is Finished.SETTLED
