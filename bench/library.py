"""Media that the inspector is done with, without files."""

import hashlib
from datetime import timedelta

from contracts.facts import Picture
from db import inspections, ledger
from db.pool import Connection
from handlers.runner.planning import Planner, PlanRequest

BATCH = 500
LEASE = timedelta(minutes=10)


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
