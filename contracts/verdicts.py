"""What the ledger says about one job type of one medium."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, assert_never


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

    @property
    def outcome(self) -> Literal["done", "skipped", "failed"]:
        """The word for it in a completion event. Raises ValueError when it is not terminal."""
        match self:
            case Status.DONE:
                return "done"
            case Status.SKIPPED:
                return "skipped"
            case Status.FAILED:
                return "failed"
            case Status.WAITING | Status.DUE:
                raise ValueError(self)
            case _:
                assert_never(self)


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
