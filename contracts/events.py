"""The three events of the wire contract: their JSON bodies, checked strictly; fields we do not know are ignored."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from contracts.topics import Topic

MediaId = Annotated[int, Field(ge=1, le=2**63 - 1)]
JobType = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
Words = Annotated[str, Field(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
BatchName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Priority = Annotated[int, Field(ge=-100, le=100)]
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
JobTypes = Annotated[tuple[JobType, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)

    media_id: MediaId
    schema_version: Literal[1] = 1


class MediaCreated(_Event):
    """A medium is there; also what asks for a medium to be looked at again.

    `priority` is its place in the queue: 100 is first, -100 last, as for a backfill; None leaves it where it is, 0 if
    it is new.
    """

    priority: Priority | None = None


class MediaUpdated(_Event):
    """A medium changed, or somebody wants its jobs run again.

    `force` runs `job_types` (empty: all) although their results are there, `cascade` what comes after them too.
    `priority` moves the medium in the queue: 100 is first, -100 last, None leaves it where it is. Job types are free
    words here; the consumer ignores those it does not know. `score_batch` asks for scores: the medium joins the batch
    of that name, and is scored whatever else is known of it.
    """

    force: bool = False
    job_types: Annotated[JobTypes, Field(max_length=64)] = ()
    cascade: bool = False
    priority: Priority | None = None
    score_batch: BatchName | None = None


class StageCompleted(_Event):
    """A job became terminal. `media_id`, `job_type` and `outcome` are enough when another program says so.

    `run` is the ledger's number of the model call (None: there was none), tokens and `duration_ms` are that call's.
    `generation` counts how often the job was made anew; `plan_no` is the plan of the medium that this completion is
    part of, by which the sender recognises its own echo.
    """

    job_type: JobType
    outcome: Literal["done", "skipped", "failed"]
    reason: Words = ""
    run: Count | None = None
    model: Words | None = None
    prompt_tokens: Count | None = None
    answer_tokens: Count | None = None
    duration_ms: Count | None = None
    generation: Count | None = None
    plan_no: Count | None = None


Event = MediaCreated | MediaUpdated | StageCompleted

EVENTS: dict[Topic, type[MediaCreated] | type[MediaUpdated] | type[StageCompleted]] = {
    Topic.MEDIA_CREATED: MediaCreated,
    Topic.MEDIA_UPDATED: MediaUpdated,
    Topic.STAGE_COMPLETED: StageCompleted,
}
"""The body by CloudEvents type, which is the name of the topic in the contract."""
