"""What each Ollama host runs, where job types ask different models: shared by all processes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from db.pool import Connection
from db.queries import load


@dataclass(frozen=True, slots=True)
class Standing:
    """What a host runs: for so many `seconds`, and media `served` with it. Slots are counted `free` and `busy`.

    `model` None: nothing yet. `reserved`: somebody waits for the whole host.
    """

    host: str
    model: str | None
    served: int
    seconds: float
    free: int
    busy: int
    reserved: bool


async def register(connection: Connection, hosts: Collection[str]) -> None:
    """Make hosts known; known ones stay as they are."""
    await connection.execute(load("hosts")["hosts_register"], list(hosts))


async def lock(connection: Connection, hosts: Sequence[tuple[str, int]]) -> list[Standing]:
    """Be the only one at these hosts (name, slots) until the end of the transaction; what they run."""
    names, slots = [name for name, _ in hosts], [count for _, count in hosts]
    await connection.execute(load("hosts")["hosts_lock"], names)
    rows = await connection.fetch(load("hosts")["hosts_standing"], names, slots)
    return [Standing(**row) for row in rows]


async def list_waiting(connection: Connection, lines: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Of these models (each with its job types) those that a medium is in line for."""
    job_types = [job_type for line in lines.values() for job_type in line]
    rows = await connection.fetch(load("hosts")["hosts_waiting"], job_types)
    waiting = {row["job_type"] for row in rows}
    return frozenset(model for model, line in lines.items() if waiting.intersection(line))


async def serve(connection: Connection, host: str, model: str, media: int = 1) -> None:
    """Note that so many media more are begun at a locked host with this model; another one than before is a swap."""
    await connection.execute(load("hosts")["hosts_serve"], host, model, media)


async def open_again(connection: Connection, host: str) -> None:
    """Let work be begun at a host that was reserved."""
    await connection.execute(load("hosts")["hosts_open"], host)


async def reserve(connection: Connection, host: str, duration: timedelta) -> None:
    """Let nothing be begun at a host for a while."""
    await connection.execute(load("hosts")["hosts_reserve"], host, duration)
