"""A ledger of one medium and three jobs, and everything that can happen to them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from consumers.purge import Purge
from db import leases
from db.leases import MediumLease
from handlers.runner.finishing import Finished, Finisher, Job, Result
from handlers.runner.planning import Force, PlanRequest
from tests.ledger import Ledger
from tests.ledger_rules.steps import say

AGAIN = Force("again", ("a",))
LATER = timedelta(hours=1)


@dataclass
class Bench:
    """The medium, and the call that is under way."""

    ledger: Ledger
    media_id: int = 0
    lease: MediumLease | None = None
    job: Job | None = None
    ended: Finished | None = None

    async def upload(self) -> None:
        """A new medium, not inspected yet."""
        statement = "INSERT INTO media (path) VALUES ('a.jpg') RETURNING id"
        self.media_id = int(await self.ledger.pool.fetchval(statement))
        await self.plan()

    async def look(self, content_hash: str = "f1") -> None:
        """The inspector finds these bytes."""
        await self.ledger.inspect(self.media_id, content_hash)

    async def plan(self, force: Force | None = None) -> None:
        """An event names the medium."""
        await self.ledger.plan(self.media_id, force)

    async def retry(self, *names: str) -> None:
        """`failures retry`."""
        async with self.ledger.pool.acquire() as connection, connection.transaction():
            await self.ledger.planner.plan_media(connection, [PlanRequest(self.media_id, retry=names)])

    async def put(self, key: str, value: Any) -> None:
        """Somebody writes a meta value; None takes it away."""
        await self.ledger.pool.execute("DELETE FROM media_meta WHERE media_id = $1 AND key = $2", self.media_id, key)
        if value is not None:
            await self.ledger.pool.execute("INSERT INTO media_meta VALUES ($1, $2, $3)", self.media_id, key, value)

    async def begin(self, name: str = "a") -> None:
        """A worker claims the medium and asks the model."""
        await self.pass_time()
        self.lease = await self.ledger.claim()
        self.job = await self.ledger.start(self.lease, name)

    async def finish(self, result: Result | None = None) -> None:
        """The call under way ends."""
        assert self.job is not None
        self.ended = await self.ledger.finish(self.job, result or say())

    async def release(self) -> None:
        """The worker gives the medium back."""
        assert self.lease is not None
        await self.ledger.release(self.lease)

    async def do(self, name: str, result: Result | None = None) -> None:
        """One job from claim to release."""
        await self.begin(name)
        await self.finish(result)
        await self.release()

    async def pass_time(self) -> None:
        """Whatever waits for its moment may run now."""
        async with self.ledger.pool.acquire() as connection, connection.transaction():
            for table in ("media", "jobs"):
                await connection.execute(f"UPDATE bildwerk.{table} SET run_at = now() WHERE run_at > now()")  # noqa: S608

    async def expire(self) -> None:
        """The leases of medium and slot run out."""
        for table in ("media", "slots"):
            await self.ledger.pool.execute(
                f"UPDATE bildwerk.{table} SET until = now() - interval '1 s' WHERE owner IS NOT NULL"  # noqa: S608
            )

    async def beat(self) -> None:
        """The heartbeat."""
        assert self.lease is not None
        async with self.ledger.pool.acquire() as connection:
            kept, _ = await leases.beat(connection, LATER, [self.lease], [])
        assert kept == {self.lease}

    async def close(self, reason: str = "crashed") -> None:
        """What a worker does whose medium lost too many leases."""
        assert self.lease is not None
        async with self.ledger.pool.acquire() as connection, connection.transaction():
            await Finisher(self.ledger.planner).close(connection, self.lease, "a", reason)

    async def delete(self) -> None:
        """The platform deletes the medium, and an event tells."""
        await self.ledger.pool.execute("DELETE FROM media WHERE id = $1", self.media_id)
        await self.plan()

    async def purge(self) -> None:
        """What was kept of it is forgotten."""
        assert await Purge(self.ledger.pool, timedelta(0), LATER).purge_batch() == (1, 0, 0)

    async def bring_back(self) -> None:
        """The platform has the medium again, and its picture is looked at."""
        await self.ledger.pool.execute("INSERT INTO media (id, path) VALUES ($1, 'a.jpg')", self.media_id)
        await self.plan()
        await self.look()

    async def row(self) -> Any:
        """The ledger's row of the medium."""
        return await self.ledger.pool.fetchrow("SELECT *, now() FROM bildwerk.media WHERE id = $1", self.media_id)

    async def run(self) -> Any:
        """The record of the call."""
        assert self.job is not None
        return await self.ledger.pool.fetchrow("SELECT * FROM bildwerk.runs WHERE id = $1", self.job.run_id)


Act = Callable[[Bench], Awaitable[None]]
