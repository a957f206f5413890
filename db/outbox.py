"""The outbox as its relay sees it: one relay at a time, rows in the order of their ids, deleted when acknowledged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from db.pool import Connection
from db.queries import load

LOCK = 7_302


@dataclass(frozen=True, slots=True)
class Row:
    """An event to be published. `key` is the partition key, the medium's id; `topic` is its name in the contract."""

    id: int
    event_id: UUID
    key: str
    type: str
    topic: str
    payload: JsonValue
    created_at: datetime


async def try_lock(connection: Connection) -> bool:
    """Become the only relay until the transaction ends; False while another one is."""
    locked: bool = await connection.fetchval(load("outbox")["outbox_lock"], LOCK)
    return locked


async def list_rows(connection: Connection, limit: int, without: Iterable[str] = ()) -> list[Row]:
    """The oldest unpublished rows, in order, without those for some topics."""
    rows = await connection.fetch(load("outbox")["outbox_list"], limit, list(without))
    return [Row(r["id"], r["event_id"], r["aggregateid"], r["type"], r["topic"], r["payload"], r["created_at"])
            for r in rows]  # fmt: skip


async def delete(connection: Connection, ids: Sequence[int]) -> None:
    """Forget rows that the broker acknowledged."""
    await connection.execute(load("outbox")["outbox_delete"], list(ids))


async def name_source(connection: Connection) -> str:
    """The CloudEvents source of this installation's events: `urn:bildwerk:` and its id."""
    return f"urn:bildwerk:{await connection.fetchval(load('outbox')['outbox_installation'])}"
