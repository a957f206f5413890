"""Giving back what a claim took: the slots of a host when no more is asked, the medium when its run is over."""

from db import leases
from db.failures import is_repeatable
from db.pool import Connection, Pool, insist
from handlers.runner.work import Work


async def give_back(pool: Pool, work: Work) -> None:
    """Give the medium back, and the slots that are still held, in one transaction."""
    work.over = True
    if not await insist(pool, lambda connection: _release(connection, work)):
        await free_slots(pool, work)  # others may hold the medium's row, and not theirs


async def free_slots(pool: Pool, work: Work) -> None:
    """Let others ask the host while this medium waits for something else. Nothing more is asked about it in this run.

    Tried once: where PostgreSQL is away, they run out by themselves.
    """
    slots = work.leave_slots()
    if not slots:
        return
    try:
        async with pool.acquire() as connection:
            for slot in slots:
                await leases.release_slot(connection, slot, work.busy)
    except BaseException as error:
        if not is_repeatable(error):
            work.take_slots(slots)
            raise
    work.freed()


async def _release(connection: Connection, work: Work) -> None:
    async with connection.transaction():
        if work.pause is not None:
            await leases.postpone(connection, work.claim.medium, work.pause)
        await leases.release(connection, work.claim.medium)
        for slot in work.slots:
            await leases.release_slot(connection, slot, work.busy)
