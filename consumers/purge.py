"""The purge: deleted media become tombstones after a while; former pictures and old raw answers are forgotten."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from consumers.waiting import wait_for_any
from db import purge
from db.failures import is_repeatable
from db.pool import Pool

log = structlog.get_logger("bildwerk.consumers.purge")


@dataclass
class Purge:
    """Forgets a batch every `pause` seconds; any number of processes may do so at once."""

    pool: Pool
    media_after: timedelta
    answers_after: timedelta
    pause: float = 60.0
    batch: int = 500

    async def run(self, stop: asyncio.Event) -> None:
        """Purge until `stop` is set."""
        while not stop.is_set():
            try:
                await self.purge_batch()
            except Exception as error:
                if not is_repeatable(error):
                    raise
                log.warning("purge.repeated", error=type(error).__name__)
            await wait_for_any(self.pause, stop)

    async def purge_batch(self) -> tuple[int, int]:
        """Forget what is due: (media, raw answers), and former pictures of media."""
        async with self.pool.acquire() as connection, connection.transaction():
            media = await purge.purge_media(connection, self.media_after, self.batch)
            answers = await purge.purge_answers(connection, self.answers_after, self.batch)
        async with self.pool.acquire() as connection, connection.transaction():
            pictures = await purge.purge_pictures(connection, self.media_after, self.batch)
        if media or answers or pictures:
            log.info("purge.done", media=media, answers=answers, pictures=pictures)
        return media, answers
