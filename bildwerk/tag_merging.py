"""Making two tags one in the whole library, and taking it back: slice by slice, each a transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from bildwerk.tag_names import MergePlan, Refused, TagNames
from db import tag_merges
from db.failures import is_repeatable
from db.pool import Connection, Pool
from db.tag_merges import Alias, Crossed, Merge, Moved, Returned

SLICE: Final = 200
PAUSES: Final = (0.2, 1.0, 5.0)
"""Seconds before a slice is tried again that the database broke off, or that somebody crossed."""

Counts = TypeVar("Counts", Moved, Returned)
Act = Callable[[Connection, list[int]], Awaitable[Counts]]
Tell = Callable[[int, int], None]
"""Hears how many of how many media are done."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge came to: links moved and dropped, and those that are locked and stay."""

    merge: Merge
    links: Moved
    locked: int


async def read_names(connection: Connection, *, count: bool = False) -> TagNames:
    """All names there are; with `count`, how many media carry each tag."""
    return TagNames(
        await tag_merges.list_tags(connection, count=count),
        await tag_merges.list_merges(connection),
        await tag_merges.list_aliases(connection),
    )


async def begin_merge(pool: Pool, name: str, into: str) -> Merge:
    """Make `name` another name of `into`, from now on; its links are still to be moved. Raises Refused."""
    async with pool.acquire() as connection, connection.transaction():
        await tag_merges.hold(connection)
        plan = (await read_names(connection)).plan_merge(name, into)
        merge_id = await _write_plan(connection, plan)
        return next(merge for merge in await tag_merges.list_merges(connection) if merge.id == merge_id)


async def _write_plan(connection: Connection, plan: MergePlan) -> int:
    if plan.begun is None:
        return await tag_merges.begin(connection, plan.tag, plan.key, plan.into)
    await tag_merges.resume(connection, plan.begun)
    return plan.begun.id


async def move_links(pool: Pool, merge: Merge, tell: Tell) -> Merged:
    """Move every link of a merge that has begun. Stopped at any moment, beginning it again goes on."""
    total, found = Moved(), Moved(1)
    while True:
        async with pool.acquire() as connection:
            ids, locked = await tag_merges.list_carriers(connection, merge.tag_id)
        if not ids or found == Moved():
            return Merged(merge, total, locked + len(ids))
        found = await _slice(pool, ids, lambda c, part: tag_merges.move(c, merge, part), Moved(), tell)
        total += found


async def undo(pool: Pool, merge_id: int, tell: Tell) -> tuple[Merge, Returned]:
    """Take a merge back. Stopped at any moment, repeating goes on. Raises Refused."""
    async with pool.acquire() as connection, connection.transaction():
        await tag_merges.hold(connection)
        merge = (await read_names(connection)).plan_undo(merge_id)
        if (other := await tag_merges.find_obstacle(connection, merge)) is not None:
            raise Refused(f"merge {other} rests on what merge {merge_id} moved: `bildwerk tags undo {other}` first")
        await tag_merges.begin_undo(connection, merge)
        merge = next(known for known in await tag_merges.list_merges(connection) if known.id == merge_id)
        ids = await tag_merges.list_taken(connection, merge_id)
    counts = await _slice(pool, ids, lambda c, part: tag_merges.give_back(c, merge, part), Returned(), tell)
    return merge, counts


async def add_alias(pool: Pool, alias: str, name: str) -> Alias:
    """Add another name to a tag. Raises Refused."""
    async with pool.acquire() as connection, connection.transaction():
        await tag_merges.hold(connection)
        added = (await read_names(connection)).plan_alias(alias, name)
        await tag_merges.add_alias(connection, added)
        return added


async def remove_alias(pool: Pool, alias: str) -> Alias:
    """Take another name away. Raises Refused."""
    async with pool.acquire() as connection, connection.transaction():
        await tag_merges.hold(connection)
        removed = (await read_names(connection)).plan_removal(alias)
        await tag_merges.remove_alias(connection, removed.key)
        return removed


async def _slice(pool: Pool, ids: list[int], act: Act[Counts], total: Counts, tell: Tell) -> Counts:
    for start in range(0, len(ids), SLICE):
        part = ids[start : start + SLICE]
        total = total + await _insist(pool, act, part)
        tell(start + len(part), len(ids))
    return total


async def _insist(pool: Pool, act: Act[Counts], part: list[int]) -> Counts:
    for pause in (*PAUSES, None):
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await act(connection, part)
        except Exception as error:
            if pause is None or not (isinstance(error, Crossed) or is_repeatable(error)):
                raise
            await asyncio.sleep(pause)
    raise AssertionError("the last try returns or raises")
