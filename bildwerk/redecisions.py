"""Deciding a library again by other rules: page by page, each a transaction; or only looking what would change."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from db import redecisions
from db.failures import is_repeatable
from db.pool import Connection, Pool
from handlers.redecision import Course, Redecision
from handlers.runner.redeciding import JOB_TYPE, Redecider

PAGE: Final = 100
EXAMPLES: Final = 5
"""Media named for each transition."""
PAUSES: Final = (0.2, 1.0, 5.0)
"""Seconds before a page is tried again whose transaction the database broke off."""

Transition = tuple[str, str]
"""The decision before and after, in a word each."""


@dataclass
class Tally:
    """What deciding again came to so far, in media; `last` is the id up to which it came."""

    media: int = 0
    last: int = 0
    courses: Counter[Course] = field(default_factory=Counter)
    transitions: Counter[Transition] = field(default_factory=Counter)
    examples: dict[Transition, list[tuple[int, tuple[str, ...]]]] = field(default_factory=dict)

    def add(self, media_id: int, again: Redecision) -> None:
        """Count one medium."""
        self.media += 1
        self.last = media_id
        self.courses[again.course] += 1
        if again.course not in (Course.CHANGED, Course.ASK):
            return
        transition = (again.before or "undecided", again.after or "undecided")
        self.transitions[transition] += 1
        examples = self.examples.setdefault(transition, [])
        if len(examples) < EXAMPLES:
            examples.append((media_id, again.rules))


Tell = Callable[[Tally], None]


async def simulate(connection: Connection, redecider: Redecider, limit: int | None, tally: Tally, tell: Tell) -> None:
    """Count into `tally` what the rules would change, of at most `limit` media; nothing is written."""
    async with connection.transaction(readonly=True):
        while limit is None or tally.media < limit:
            room = PAGE if limit is None else min(PAGE, limit - tally.media)
            ids = await redecisions.next_page(connection, JOB_TYPE, tally.last, room)
            if not ids:
                return
            _count(tally, await redecider.look(connection, ids), ids)
            tell(tally)


async def apply(pool: Pool, redecider: Redecider, tally: Tally, tell: Tell) -> None:
    """Decide all media above `tally.last` again. Stopped at any moment, what was told is done and stays."""
    while True:
        async with pool.acquire() as connection:
            ids = await redecisions.next_page(connection, JOB_TYPE, tally.last, PAGE)
        if not ids:
            return
        _count(tally, await _apply_page(pool, redecider, ids), ids)
        tell(tally)


async def _apply_page(pool: Pool, redecider: Redecider, ids: list[int]) -> list[tuple[int, Redecision]]:
    for pause in (*PAUSES, None):
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await redecider.redecide(connection, ids)
        except Exception as error:
            if pause is None or not is_repeatable(error):
                raise
            await asyncio.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _count(tally: Tally, found: list[tuple[int, Redecision]], ids: list[int]) -> None:
    for media_id, again in found:
        tally.add(media_id, again)
    tally.last = ids[-1]
