"""Events that came before their medium: looked for again with delay, then dead letters."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import structlog

from consumers.pulse import Pulse
from consumers.waiting import wait_for_any
from contracts.dead_letters import DeadLetter, Origin
from db import dead_letters, sweep
from db.failures import is_repeatable
from db.pool import Pool
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Planner, PlanRequest

log = structlog.get_logger("bildwerk.consumers.missing")

BREATH = 0.02
"""Seconds between two looks while more media are due to be looked for than one look takes."""


@dataclass
class Missing:
    """Looks again for media that the platform did not have; `planned` hears what was found."""

    pool: Pool
    planner: Planner
    planned: Callable[[Planned], None]
    poll: float = 1.0
    batch: int = 200
    pulse: Pulse = field(default_factory=Pulse)

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set."""
        while not stop.is_set():
            self.pulse.beat()
            pause = self.poll
            try:
                if await self.look() >= self.batch:
                    pause = BREATH
            except Exception as error:
                if not is_repeatable(error):
                    raise
                log.warning("missing.repeated", error=type(error).__name__)
            self.pulse.beat(pause)
            await wait_for_any(pause, stop)

    async def look(self) -> int:
        """Look for what is due to be looked for; those that never came are buried. The number of media looked for."""
        async with self.pool.acquire() as connection, connection.transaction():
            media_ids = await sweep.list_missing(connection, self.batch)
            planned = await self.planner.plan_media(connection, [PlanRequest(media_id) for media_id in media_ids])
            lost = await sweep.give_up(connection, planned.given_up)
            letters = [
                DeadLetter(Origin.from_json(cast("dict[str, Any]", event)), "media_missing", f"media_id {media_id}")
                for media_id, event in lost
                if event is not None
            ]
            await dead_letters.bury(connection, letters)
        if lost:
            log.warning("missing.buried", media=len(lost))
        self.planned(planned)
        return len(media_ids)
