"""What people and dashboards ask the ledger; nothing here changes anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from pydantic import JsonValue

from contracts.facts import RECONSTRUCTED
from contracts.tags import Tag
from db import intake_stop
from db.intake_stop import IntakeStop
from db.pool import Connection
from db.queries import load
from db.tags import SOURCE

PACE = timedelta(minutes=10)
"""How far back the present rate looks."""


@dataclass(frozen=True, slots=True)
class Queues:
    """What waits where: media, events, dead letters and slots; `outbox_seconds` is the age of the oldest event.

    `unsought` are media that others like them are to be looked for, `neighbours` those to be planned because one like
    them has changed. `slots` are those of the hosts that were asked about, and others that are taken.
    `intake_stopped` is 1 while dead letters have stopped intake.
    """

    ready: int
    leased: int
    uninspected: int
    unsought: int
    neighbours: int
    missing: int
    outbox: int
    outbox_seconds: float
    dead_letters: int
    slots_taken: int
    slots: int
    intake_stopped: int = 0


@dataclass(frozen=True, slots=True)
class JobCount:
    """How many jobs of one type stand at a status for one reason."""

    job_type: str
    status: str
    reason: str
    number: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole of the work. `per_minute` counts useful model calls lately (None: there were none)."""

    media: int
    plan_errors: int
    jobs: tuple[JobCount, ...]
    queues: Queues
    calls: int
    prompt_tokens: int
    answer_tokens: int
    per_minute: float | None
    intake_stop: IntakeStop | None = None

    @property
    def open(self) -> int:
        """Jobs that are waiting or due."""
        return sum(job.number for job in self.jobs if job.status in ("waiting", "due"))

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to do: no open job, no picture to look at, no event to send."""
        queues = self.queues
        return not (self.open or queues.uninspected or queues.neighbours or queues.leased or queues.outbox)

    @property
    def left(self) -> timedelta | None:
        """When the open jobs will be done at the present rate; None when there is no rate."""
        return timedelta(minutes=self.open / self.per_minute) if self.per_minute else None


@dataclass(frozen=True, slots=True)
class Run:
    """One model call as the ledger recorded it; `outcome` None: under way, or its process died.

    `reused_from` is the run whose answer it took over, about `reused_medium`; `fused_in` that whose call answered both.
    """

    id: int
    job_type: str
    generation: int
    host: str
    model: str
    recipe: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reason: str | None
    detail: str | None
    prompt_tokens: int | None
    answer_tokens: int | None
    total_ms: float | None
    reused_from: int | None
    reused_medium: int | None
    fused_in: int | None


@dataclass(frozen=True, slots=True)
class Record:
    """The ledger's side of one medium: lease, inspection, errors by job type, and who wrote which field when."""

    now: datetime
    leased: bool
    until: datetime | None
    lost: int
    inspect_at: datetime | None
    inspect_tries: int
    look_at: datetime | None
    look_tries: int
    plan_error: str | None
    plan_no: int
    deleted_at: datetime | None
    errors: Mapping[str, JsonValue]
    runs: tuple[Run, ...]
    written_by: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Print:
    """One picture of a contact sheet; seconds and tokens are those of all its model calls.

    `tags` are those it carries, what it is most about first; `history` the prompts that we put into `prompt_history`.
    """

    media_id: int
    path: str
    content_hash: str | None
    width: int | None
    height: int | None
    title: JsonValue
    caption: JsonValue
    description: JsonValue
    unreadable: str | None
    failed: str | None
    seconds: float
    tokens: int
    model: str | None
    quality: JsonValue = None
    scores: JsonValue = None
    policy: JsonValue = None
    prompt: JsonValue = None
    duplicates: JsonValue = None
    history: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class Server:
    """The PostgreSQL server; `version` as in server_version_num (160004 is 16.4)."""

    version: int
    synchronous_commit: str
    fsync: str
    role: str
    standby: bool


@dataclass(frozen=True, slots=True)
class Installation:
    """Who we are; `owns_platform` tells whether the six platform tables were made by our migrations."""

    id: UUID
    owns_platform: bool


async def read_queues(connection: Connection, hosts: Sequence[tuple[str, int]] = ()) -> Queues:
    """What waits where; `hosts` are those that may be asked (name, slots)."""
    return Queues(**await _one(connection, "reads_queues", [host[0] for host in hosts], [host[1] for host in hosts]))


async def read_overview(connection: Connection, hosts: Sequence[tuple[str, int]] = ()) -> Overview:
    """The whole of the work, as `read_queues`. Reads every job: seconds on a library of millions."""
    jobs = await connection.fetch(load("reads")["reads_jobs"])
    media = await _one(connection, "reads_media")
    tokens = await _one(connection, "reads_tokens")
    pace = await _one(connection, "reads_pace", PACE)
    return Overview(
        media=media["media"],
        plan_errors=media["plan_errors"],
        jobs=tuple(JobCount(**row) for row in jobs),
        queues=await read_queues(connection, hosts),
        calls=tokens["calls"],
        prompt_tokens=int(tokens["prompt"]),
        answer_tokens=int(tokens["answer"]),
        per_minute=pace["useful"] * 60 / max(pace["seconds"], 1.0) if pace["useful"] else None,
        intake_stop=await intake_stop.read(connection),
    )


async def find_medium(connection: Connection, name: str) -> int | None:
    """The id of the medium that `name` names by id or path; None when there is none."""
    return cast("int | None", await connection.fetchval(load("reads")["reads_find"], name))


async def read_record(connection: Connection, media_id: int, runs: int = 10) -> Record | None:
    """The ledger's side of one medium with its last `runs` model calls, newest first; None when it is not known."""
    sql = load("reads")
    row = await connection.fetchrow(sql["reads_ledger"], media_id)
    if row is None:
        return None
    errors = await connection.fetch(sql["reads_job_errors"], media_id)
    writers = await connection.fetch(sql["reads_writers"], media_id)
    last = await connection.fetch(sql["reads_runs"], media_id, runs)
    return Record(
        **row,
        errors={e["job_type"]: e["last_error"] for e in errors if e["last_error"] is not None},
        runs=tuple(Run(**r) for r in last),
        written_by={w["field"]: w["run_id"] for w in writers},
    )


async def read_sheet(connection: Connection, limit: int = 500) -> tuple[Print, ...]:
    """Up to `limit` pictures by path with what we know of them."""
    rows = await connection.fetch(load("reads")["reads_sheet"], limit, RECONSTRUCTED, SOURCE)
    return tuple(_read_print(row) for row in rows)


async def read_server(connection: Connection) -> Server:
    """What the server says of itself."""
    return Server(**await _one(connection, "reads_server"))


async def read_installation(connection: Connection) -> Installation:
    """Who we are. Raises asyncpg.UndefinedTableError before the first migration."""
    return Installation(**await _one(connection, "reads_installation"))


def _read_print(row: Mapping[str, Any]) -> Print:
    tags = tuple(Tag(*tag) for tag in row["tags"] or ())
    return Print(**{**row, "tokens": int(row["tokens"]), "history": tuple(row["history"]), "tags": tags})


async def _one(connection: Connection, query: str, *arguments: object) -> dict[str, Any]:
    row = await connection.fetchrow(load("reads")[query], *arguments)
    return dict(row) if row else {}
