"""Writing the ledger: registering, locking, verdicts, the medium's own row and the events that tell of them.

Every function runs inside the caller's transaction, under the lock that `lock` takes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from pydantic import JsonValue

from contracts.verdicts import Verdict
from db import duplicates
from db.facts import Known
from db.pool import Connection
from db.queries import load
from db.text import storable

DETAIL_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written for one medium: its changed verdicts, its row, and events as (type, body) in order.

    `neighbours` are media that are like it, and are to be planned, too; `gone`: because it was deleted. Then it is
    called itself, so that its picture leaves the index.
    """

    media_id: int
    row: Known
    verdicts: dict[str, Verdict]
    events: tuple[tuple[str, dict[str, JsonValue]], ...] = ()
    missing_event: JsonValue = None
    neighbours: frozenset[int] = frozenset()
    gone: bool = False

    def carry(self, row: Known) -> "Draft":
        """The draft with this row."""
        return self if row is self.row else replace(self, row=row)


async def register(connection: Connection, media_ids: Iterable[int]) -> None:
    """Make media known to the ledger; known ones stay as they are."""
    await connection.execute(load("ledger")["ledger_register"], sorted(media_ids))


async def lock(connection: Connection, media_ids: Iterable[int]) -> None:
    """Lock the media's rows, ids sorted, until the transaction ends (P1, P23)."""
    await connection.execute(load("ledger")["ledger_lock"], sorted(media_ids))


async def honour_forces(connection: Connection, forces: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Record force requests as (media id, force id); the ones seen for the first time are returned (P21)."""
    pairs = sorted(set(forces))
    if not pairs:
        return set()
    rows = await connection.fetch(
        load("ledger")["ledger_honour_forces"], [media_id for media_id, _ in pairs], [name for _, name in pairs]
    )
    return {(row["media_id"], row["force_id"]) for row in rows}


async def list_unseen_forces(connection: Connection, forces: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Which of these force requests, as (media id, force id), would be seen for the first time."""
    pairs = sorted(set(forces))
    rows = await connection.fetch(
        load("ledger")["ledger_unseen_forces"], [media_id for media_id, _ in pairs], [name for _, name in pairs]
    )
    return {(row["media_id"], row["force_id"]) for row in rows}


async def write(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Write drafts: verdicts, the media's rows and the outbox. A verdict that is done forgets the job's last error."""
    verdicts = [_verdict_row(d.media_id, name, v) for d in drafts for name, v in d.verdicts.items()]
    events = [(str(d.media_id), name, body) for d in drafts for name, body in d.events]
    if drafts:
        rows = _columns(verdicts, 9), _columns(map(_media_row, drafts), 13), _columns(events, 3)
        await connection.execute(load("ledger")["ledger_write"], *chain.from_iterable(rows))
    if called := set().union(*(d.neighbours for d in drafts if not d.gone)):
        await duplicates.call(connection, called)
    if left := set().union(*(d.neighbours | {d.media_id} for d in drafts if d.gone)):
        await duplicates.call(connection, left, gone=True)


@dataclass(frozen=True, slots=True)
class LastError:
    """What a job ran into last; `kind` and `reason` are codes, `detail` may quote anything."""

    kind: str
    reason: str
    detail: str


async def write_error(connection: Connection, media_id: int, job_type: str, error: LastError) -> None:
    """Keep the last error of a job."""
    kept = {"kind": error.kind, "reason": error.reason, "detail": storable(error.detail, DETAIL_LIMIT)}
    await connection.execute(load("ledger")["ledger_write_error"], media_id, job_type, kept)


def _columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _verdict_row(media_id: int, job_type: str, v: Verdict) -> tuple[Any, ...]:
    return (
        media_id, job_type, v.status.value, v.reason, v.fingerprint, v.generation, v.forced, v.attempt, v.run_at,
    )  # fmt: skip


def _media_row(draft: Draft) -> tuple[Any, ...]:
    r = draft.row
    return (
        draft.media_id, r.seen, r.inspect_at, r.look_at, r.look_tries, draft.missing_event, r.deleted_at, r.plan_no,
        r.plan_error, ",".join(r.due), r.run_at, r.priority, r.alone,
    )  # fmt: skip
