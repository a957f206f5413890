"""The record of every model call: what was asked of whom, what it cost and what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from db.leases import MediumLease
from db.pool import Connection
from db.queries import load
from db.text import storable

DETAIL_LIMIT = 4_000
RAW_LIMIT = 65_536


class Outcome(StrEnum):
    """What came of a run."""

    DONE = "done"
    KEPT = "kept"
    """Answered, but a person holds at least one of the fields by now."""
    SUPERSEDED = "superseded"
    """Answered for facts, a generation or a lease that no longer stand."""
    FAILED = "failed"
    RETRY = "retry"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Question:
    """What identifies a run before it is answered; hashes are hex.

    `language` is empty where rules decide. `reused_from` is the run whose answer is taken over; recipe and model are
    its, too, and there is no host. `fused_in` is the run whose call answered this question as well.
    """

    job_type: str
    generation: int
    fingerprint: str
    content_hash: str | None
    recipe: str
    host: str
    model: str
    language: str = ""
    reused_from: int | None = None
    fused_in: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer cost: tokens, and milliseconds as the server measured them."""

    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    load_ms: float | None = None
    prompt_ms: float | None = None
    answer_ms: float | None = None
    total_ms: float | None = None


async def start(connection: Connection, lease: MediumLease, question: Question) -> int | None:
    """Record that the model is about to be asked; None when the lease no longer holds."""
    q = question
    run_id: int | None = await connection.fetchval(
        load("runs")["runs_start"], lease.media_id, lease.lease_no,
        q.job_type, q.generation, q.fingerprint, q.content_hash, q.recipe, q.host, q.model,
        q.language, q.reused_from, q.fused_in,
    )  # fmt: skip
    return run_id


async def end(
    connection: Connection,
    run_id: int,
    outcome: Outcome,
    cost: Cost,
    *,
    reason: str = "",
    detail: str = "",
    raw_answer: str | None = None,
) -> bool:
    """Record what came of a run, once; False when it had ended before."""
    result = await connection.execute(
        load("runs")["runs_end"], run_id, outcome.value, reason, storable(detail, DETAIL_LIMIT),
        cost.prompt_tokens, cost.answer_tokens, cost.load_ms, cost.prompt_ms, cost.answer_ms, cost.total_ms,
        None if raw_answer is None else storable(raw_answer, RAW_LIMIT),
    )  # fmt: skip
    return bool(result == "UPDATE 1")


async def begin(connection: Connection, questions: Sequence[tuple[int, Question]]) -> list[int]:
    """Record that rules decide these media again, each once: the runs' ids, in the same order. Under their locks."""
    columns = [(media_id, q.job_type, q.generation, q.fingerprint, q.content_hash) for media_id, q in questions]
    rows = await connection.fetch(load("runs")["runs_begin"], *map(list, zip(*columns, strict=True)))
    ids = {row["media_id"]: row["id"] for row in rows}
    return [ids[media_id] for media_id, _ in questions]


async def end_all(connection: Connection, outcomes: Mapping[int, Outcome]) -> None:
    """Record what came of runs that cost nothing."""
    words = [outcome.value for outcome in outcomes.values()]
    await connection.execute(load("runs")["runs_end_all"], list(outcomes), words)


async def end_open(connection: Connection, lease: MediumLease) -> None:
    """Record of the runs of this lease that are open that nobody goes on with them."""
    await connection.execute(load("runs")["runs_end_open"], lease.media_id, lease.lease_no)


async def find_outcome(connection: Connection, run_id: int) -> Outcome | None:
    """What is recorded of a run; None while it has not ended."""
    outcome = await connection.fetchval(load("runs")["runs_outcome"], run_id)
    return Outcome(outcome) if outcome else None


@dataclass(frozen=True, slots=True)
class Standing:
    """A job that is done, and how it was: `recipe` is empty where rules decided, None where no run is on record."""

    media_id: int
    job_type: str
    recipe: str | None
    model: str | None
    language: str | None
    reused_from: int | None


async def list_standing(connection: Connection, media_ids: Iterable[int], job_types: Iterable[str]) -> list[Standing]:
    """The jobs of these types and media that are done, with the runs that their values rest on."""
    rows = await connection.fetch(load("runs")["runs_standing"], sorted(media_ids), sorted(job_types))
    return [Standing(**row) for row in rows]
