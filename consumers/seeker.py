"""The seeker: looks for duplicates of media that were inspected, and plans media whose neighbours have changed.

Pictures that their inspector did not live to compare with the library are compared here, too.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from consumers.pulse import Pulse
from consumers.waiting import wait_for_any
from db import duplicates, inspections, ledger, likenesses
from db.failures import is_repeatable
from db.pool import Pool
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Planner, PlanRequest
from handlers.runner.seeking import Seeker

log = structlog.get_logger("bildwerk.consumers.seeker")


@dataclass
class DuplicateSeeker:
    """Any number of processes may do so at once. `planned` hears what planning came to."""

    pool: Pool
    planner: Planner
    seeker: Seeker
    planned: Callable[[Planned], None] = field(default=lambda _planned: None)
    poll: float = 1.0
    batch: int = 100
    claimed: int = 1
    hold: timedelta = timedelta(minutes=2)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def wanted(self) -> bool:
        """Whether a stage rests on what is found."""
        return bool(self.planner.chain.neighbourly)

    async def run(self, stop: asyncio.Event) -> None:
        """Seek until `stop` is set."""
        while not stop.is_set():
            self.pulse.beat()
            self.wake.clear()
            try:
                busy = await self.plan_called() or await self.compare_batch()
                busy = busy or (self.wanted and await self.seek_batch())
            except Exception as error:
                if not is_repeatable(error):
                    raise
                log.warning("seeker.repeated", error=type(error).__name__)
                busy = False
            if not busy:
                self.pulse.beat(self.poll)
                await wait_for_any(self.poll, self.wake, stop)

    async def plan_called(self) -> bool:
        """Plan a batch of media that are like one that has changed; False when there are none.

        The pictures of those that were deleted leave the index, if nobody else shows them.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            called = await duplicates.take_called(connection, self.batch)
            await ledger.lock(connection, called)
            if deleted := await duplicates.lock_deleted(connection, called):
                await likenesses.remove(connection, deleted)
            planned = await self.planner.plan_media(connection, [PlanRequest(media_id) for media_id in called])
            if left := [media_id for media_id, gone in called.items() if gone]:
                await duplicates.seek_again(connection, left)
        self.planned(planned)
        return bool(called)

    async def compare_batch(self) -> bool:
        """Compare pictures with the library whose inspector did not live to do it; False when there are none."""
        async with self.pool.acquire() as connection:
            pictures = await inspections.claim_uncompared(connection, self.claimed, self.hold)
            for content_hash, phash in pictures:
                await inspections.compare(connection, content_hash, phash)
        return bool(pictures)

    async def seek_batch(self) -> bool:
        """Look for others like media that nobody did it for; False when there are none."""
        async with self.pool.acquire() as connection:
            media_ids = await duplicates.claim(connection, self.claimed, self.hold)
        for media_id in media_ids:
            self.planned(await self.seeker.seek(media_id))
        return bool(media_ids)
