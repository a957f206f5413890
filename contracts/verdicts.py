"""What the ledger says about one job type of one medium."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Where a job stands; done, skipped and failed are terminal."""

    WAITING = "waiting"
    DUE = "due"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        """Whether what comes after this job may be looked at."""
        return self in (Status.DONE, Status.SKIPPED, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the ledger's `jobs`.

    `fingerprint` is None until the picture was inspected once. `generation` grows with every change of the fingerprint
    and every honoured force; there is one effect per (media, job type, generation). `attempt` counts tries that failed
    transiently; `run_at` is when the next try may start (None: at once).
    """

    status: Status = Status.WAITING
    reason: str = ""
    fingerprint: str | None = None
    generation: int = 0
    forced: bool = False
    attempt: int = 0
    run_at: datetime | None = None

    @property
    def outcome(self) -> tuple[Status, str, int]:
        """What a completion event announces: two verdicts with the same outcome are one event."""
        return self.status, self.reason, self.generation
