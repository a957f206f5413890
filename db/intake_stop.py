"""Whether events are taken at all: stopped by dead letters, for every process, until a person lifts it."""

from dataclasses import dataclass
from datetime import datetime

from db.pool import Connection
from db.queries import load


@dataclass(frozen=True, slots=True)
class IntakeStop:
    """`dead` of the last `events` events were dead letters, the last for `reason` at these coordinates."""

    dead: int
    events: int
    reason: str
    topic: str
    partition: int
    offset: int
    stopped_at: datetime | None = None


async def put(connection: Connection, stop: IntakeStop) -> None:
    """Stop the intake of all processes; one that is stopped already stays as it is."""
    s = stop
    await connection.execute(
        load("intake_stop")["intake_stop_put"], s.dead, s.events, s.reason, s.topic, s.partition, s.offset
    )


async def read(connection: Connection) -> IntakeStop | None:
    """What stopped intake; None when events are taken."""
    row = await connection.fetchrow(load("intake_stop")["intake_stop_read"])
    return None if row is None else IntakeStop(**row)


async def lift(connection: Connection) -> bool:
    """Let events be taken again; False when they were."""
    return bool(await connection.execute(load("intake_stop")["intake_stop_lift"]) == "DELETE 1")
