"""The sweep: plans every known medium in turn, so that no change of facts goes unseen, whatever events were lost."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from consumers.pulse import Pulse
from consumers.waiting import wait_for_any
from db import sweep
from db.failures import is_repeatable
from db.pool import Pool
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Planner, PlanRequest

log = structlog.get_logger("bildwerk.consumers.sweep")


@dataclass
class Sweep:
    """Plans a slice of `batch` media every `pause` seconds; one process at a time. `planned` hears what it came to."""

    pool: Pool
    planner: Planner
    planned: Callable[[Planned], None]
    pause: float = 10.0
    batch: int = 200
    owner: UUID = field(default_factory=uuid4)
    pulse: Pulse = field(default_factory=Pulse)

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until `stop` is set."""
        while not stop.is_set():
            self.pulse.beat()
            try:
                await self.sweep_slice()
            except Exception as error:
                if not is_repeatable(error):
                    raise
                log.warning("sweep.repeated", error=type(error).__name__)
            self.pulse.beat(self.pause)
            await wait_for_any(self.pause, stop)

    async def sweep_slice(self) -> int:
        """Plan the next slice; the number of media in it, 0 when another process sweeps or the end is reached."""
        async with self.pool.acquire() as connection, connection.transaction():
            cursor = await sweep.claim(connection, self.owner, timedelta(seconds=3 * self.pause))
            if cursor is None:
                return 0
            media_ids = await sweep.next_slice(connection, cursor, self.batch)
            result = await self.planner.plan_media(connection, [PlanRequest(media_id) for media_id in media_ids])
            await sweep.advance(connection, self.owner, media_ids[-1] if media_ids else 0)
        if result.changed:
            log.info("sweep.found", changed=result.changed, media=result.media)
        self.planned(result)
        return len(media_ids)
