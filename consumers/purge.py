"""The purge: deleted media become tombstones after a while; former pictures and old raw answers are forgotten."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from consumers.pulse import Pulse
from consumers.waiting import wait_for_any
from db import purge
from db.failures import is_repeatable
from db.pool import Pool

log = structlog.get_logger("bildwerk.consumers.purge")

BREATH = 0.2
"""Seconds between two batches while there is more to forget: nobody waits for it, and others write meanwhile."""


@dataclass
class Purge:
    """Forgets batch after batch, and then rests for `pause` seconds; any number of processes may do so at once."""

    pool: Pool
    media_after: timedelta
    answers_after: timedelta
    pause: float = 60.0
    batch: int = 500
    pulse: Pulse = field(default_factory=Pulse)

    async def run(self, stop: asyncio.Event) -> None:
        """Purge until `stop` is set."""
        while not stop.is_set():
            self.pulse.beat()
            pause = self.pause
            try:
                if max(await self.purge_batch()) >= self.batch:
                    pause = BREATH
            except Exception as error:
                if not is_repeatable(error):
                    raise
                log.warning("purge.repeated", error=type(error).__name__)
            self.pulse.beat(pause)
            await wait_for_any(pause, stop)

    async def purge_batch(self) -> tuple[int, int, int]:
        """Forget what is due, at most a batch of each: media, raw answers, former pictures of media (or keep those)."""
        async with self.pool.acquire() as connection, connection.transaction():
            media = await purge.purge_media(connection, self.media_after, self.batch)
            answers = await purge.purge_answers(connection, self.answers_after, self.batch)
        async with self.pool.acquire() as connection, connection.transaction():
            pictures = await purge.purge_pictures(connection, self.media_after, self.batch)
        if media or answers or pictures:
            log.info("purge.done", media=media, answers=answers, pictures=pictures)
        return media, answers, pictures
