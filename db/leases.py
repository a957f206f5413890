"""Leases: one medium and one slot at a time belong to one worker, as long as its heart beats."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TypeVar
from uuid import UUID

from db.pool import Connection
from db.queries import keep_parts, load

ClaimT = TypeVar("ClaimT")


@dataclass(frozen=True, slots=True)
class SlotLease:
    """A place in the queue of one Ollama host. `number` counts from 0; `lease_no` is the fencing token."""

    host: str
    number: int
    lease_no: int


@dataclass(frozen=True, slots=True)
class MediumLease:
    """One medium with due work. `lost` counts the leases of this medium that ran out since its last finish."""

    media_id: int
    lease_no: int
    lost: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A medium and the slot its questions go to; `others` are the host's other slots when it is to be alone there.

    `model` is the one that may be asked; None: there is only one.
    """

    medium: MediumLease
    slot: SlotLease
    others: tuple[SlotLease, ...] = ()
    model: str | None = None

    @property
    def slots(self) -> tuple[SlotLease, ...]:
        """Every slot that is held."""
        return (self.slot, *self.others)


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A medium that is to be claimed soon: its due job types in the order of the chain, and where its picture is."""

    media_id: int
    due: tuple[str, ...]
    path: str | None
    content_hash: str | None


async def register_slots(connection: Connection, hosts: Sequence[tuple[str, int]]) -> None:
    """Make the slots of (host, slots) known; known ones stay as they are."""
    names, counts = [name for name, _ in hosts], [count for _, count in hosts]
    await connection.execute(load("slots")["slots_register"], names, counts)


async def claim(
    connection: Connection, owner: UUID, lease: timedelta, hosts: Sequence[tuple[str, int]], *, oldest: bool = False
) -> Claim | None:
    """The next medium with due work and a free slot on one of `hosts` (name, slots); None when either is wanting.

    Next is the one of the highest priority, or the `oldest`, which has waited longest.

    A medium that is to be alone waits for a whole host, any of them, and everybody else waits behind it: so one drains.
    """
    return await settle(connection, lambda: claim_in(connection, owner, lease, hosts, oldest=oldest))


async def settle(connection: Connection, attempt: Callable[[], Awaitable[ClaimT | None]]) -> ClaimT | None:
    """What the attempt claims in a transaction of its own; where nothing is, nothing that it took stays taken."""
    transaction = connection.transaction()
    await transaction.start()
    claimed = None
    try:
        claimed = await attempt()
    finally:
        await (transaction.commit() if claimed else transaction.rollback())
    return claimed


async def claim_in(
    connection: Connection, owner: UUID, lease: timedelta, hosts: Sequence[tuple[str, int]], *,
    oldest: bool, job_types: Sequence[str] | None = None,
) -> Claim | None:  # fmt: skip
    """As `claim`, in the caller's transaction, which is to be rolled back when nothing is claimed.

    With `job_types` only a medium that is in line for one of them.
    """
    sql, counts = load("slots"), dict(hosts)
    names, slots = list(counts), list(counts.values())
    line, suffix = ((), "") if job_types is None else ((job_types,), "_in_line")
    text = _choose_text(in_line=job_types is not None)
    rows = await connection.fetch(text, owner, lease, names, slots, oldest, *line)
    if not rows:
        return None
    slot, *others = sorted((SlotLease(*row[:3]) for row in rows), key=lambda slot: slot.number)
    medium = await connection.fetchrow(load("leases")[f"leases_claim{suffix}"], owner, lease, oldest, *line)
    if medium is None:
        return None
    leased, whole = MediumLease(medium["id"], medium["lease_no"], medium["lost"]), counts[slot.host]
    if not medium["alone"]:  # whom the others were taken for, somebody else claimed meanwhile
        for other in others:
            await release_slot(connection, other)
        return Claim(leased, slot)
    if rows[0]["recent"]:
        return None
    if len(others) < whole - 1:  # it was not next when the slot was taken
        rows = await connection.fetch(sql["slots_claim_rest"], owner, lease, slot.host, slot.number, whole)
        others += [SlotLease(*row) for row in rows]
    return Claim(leased, slot, tuple(others)) if len(others) == whole - 1 else None


@cache
def _choose_text(*, in_line: bool) -> str:
    return keep_parts(load("slots")["slots_claim_for_next"], ["in_line" if in_line else "of_all"])


async def let_go(connection: Connection) -> None:
    """Put media whose leases ran out back in line; in a transaction of its own. Where claims take such, they do it."""
    await connection.execute(load("leases")["leases_let_go"])


async def hurry(connection: Connection) -> None:
    """Wait for no lock for longer than a moment in this transaction: what it locks itself, heartbeats wait for."""
    await connection.execute(load("leases")["leases_hurry"])


async def look_ahead(connection: Connection, in_line: int, oldest: int) -> list[Upcoming]:
    """Whom the next claims would take: the first `in_line`, and those that have waited longest. Promises nothing."""
    rows = await connection.fetch(load("leases")["leases_look_ahead"], in_line, oldest)
    return [Upcoming(row["media_id"], tuple(row["due"]), row["path"], row["content_hash"]) for row in rows]


async def claim_host(
    connection: Connection, owner: UUID, lease: timedelta, host: str, slots: int
) -> tuple[SlotLease, ...] | None:
    """All slots of a host, for calls that are about no medium; None when any is taken: then it is to be rolled back."""
    first = await claim_slot(connection, owner, lease, host, slots)
    if first is None:
        return None
    rows = await connection.fetch(load("slots")["slots_claim_rest"], owner, lease, host, first.number, slots)
    return (first, *(SlotLease(*row) for row in rows)) if len(rows) == slots - 1 else None


async def claim_slot(connection: Connection, owner: UUID, lease: timedelta, host: str, slots: int) -> SlotLease | None:
    """A free slot of this host, for a call that is about no medium; None: all are taken."""
    row = await connection.fetchrow(load("slots")["slots_claim"], owner, lease, [host], [slots])
    return None if row is None else SlotLease(*row)


async def beat(
    connection: Connection, lease: timedelta, media: Sequence[MediumLease], slots: Sequence[SlotLease]
) -> tuple[set[MediumLease], set[SlotLease]]:
    """Prolong leases; returns those of them that are still ours."""
    async with connection.transaction():
        kept = await connection.fetch(
            load("leases")["leases_heartbeat"], [m.media_id for m in media], [m.lease_no for m in media], lease
        )
        kept_slots = await connection.fetch(
            load("slots")["slots_heartbeat"],
            [s.host for s in slots],
            [s.number for s in slots],
            [s.lease_no for s in slots],
            lease,
        )
    media_kept, slots_kept = {tuple(row) for row in kept}, {tuple(row) for row in kept_slots}
    return (
        {m for m in media if (m.media_id, m.lease_no) in media_kept},
        {s for s in slots if (s.host, s.number, s.lease_no) in slots_kept},
    )


async def fence(connection: Connection, medium: MediumLease) -> bool:
    """Lock the medium's row if the lease still holds; False: somebody else has it, or it is gone."""
    return bool(await connection.fetchval(load("leases")["leases_fence"], medium.media_id, medium.lease_no))


async def release(connection: Connection, medium: MediumLease) -> None:
    """Give a medium back; nothing happens when it is no longer ours (P8)."""
    await connection.execute(load("leases")["leases_release"], medium.media_id, medium.lease_no)


async def postpone(connection: Connection, medium: MediumLease, delay: timedelta) -> None:
    """Let nobody claim a medium of ours for that long: a store is away, or a call about it was waited for in vain.

    A plan lets it be claimed.
    """
    await connection.execute(load("leases")["leases_postpone"], medium.media_id, medium.lease_no, delay)


async def release_slot(connection: Connection, slot: SlotLease, busy: timedelta = timedelta(0)) -> None:
    """Give a slot back; it stays taken for `busy` when the server is still at a call that was given up."""
    await connection.execute(load("slots")["slots_release"], slot.host, slot.number, slot.lease_no, busy)


async def reset_lost(connection: Connection, media_id: int) -> None:
    """Forget the lost leases of a medium: a job of it was finished (P25)."""
    await connection.execute(load("leases")["leases_reset_lost"], media_id)


async def accept_mark(connection: Connection, media_id: int, mark: str) -> None:
    """Take a source mark as inspected: its bytes were read again and are the same (P5). Inside the fence."""
    await connection.execute(load("leases")["leases_accept_mark"], media_id, mark)


async def ask_inspection(connection: Connection, medium: MediumLease) -> None:
    """Let the inspector look again: the bytes are not those the facts speak of (P4)."""
    await connection.execute(load("leases")["leases_ask_inspection"], medium.media_id, medium.lease_no)
