"""One row of the table of transitions as something that can be played."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from tests.ledger_rules.bench import Bench

Play = Callable[[Bench], AsyncIterator[None]]
"""Brings the bench into the row's `from`, yields once, and then lets happen what the row says."""


@dataclass(frozen=True)
class Becomes:
    """The row's right half, for one job: status and reason, whether it is told (E), and what becomes of the rest.

    `generation` is by how much it grows, `anew` that the fingerprint is another one than before, `attempt` and `forced`
    what they are afterwards; None: as before.
    """

    status: str | None = None
    reason: str | None = None
    told: bool = False
    generation: int = 0
    anew: bool = False
    attempt: int | None = 0
    forced: bool | None = False


SAME = Becomes(attempt=None, forced=None)
"""Nothing of the job's row changes, and nobody is told."""


@dataclass(frozen=True)
class Transition:
    """One case of the table."""

    row: int
    play: Play
    becomes: Becomes
    job_type: str

    @property
    def id(self) -> str:
        """The row's number and what is special about this case."""
        return f"{self.row}-{self.play.__name__}"


TRANSITIONS: list[Transition] = []


def row(number: int, becomes: Becomes, job_type: str = "a") -> Callable[[Play], Play]:
    """The function plays this row of the table; several may play the same."""

    def keep(play: Play) -> Play:
        TRANSITIONS.append(Transition(number, play, becomes, job_type))
        return play

    return keep


def compare(becomes: Becomes, before: Any, after: Any) -> None:
    """Assert that the job's row went from one to the other as the table says; `before` is None for a new one."""
    was = before or {
        "status": None,
        "reason": None,
        "generation": 0,
        "fingerprint": None,
        "attempt": 0,
        "forced": False,
    }
    expected = {
        "status": becomes.status or was["status"],
        "reason": was["reason"] if becomes.reason is None else becomes.reason,
        "generation": was["generation"] + becomes.generation,
        "attempt": was["attempt"] if becomes.attempt is None else becomes.attempt,
        "forced": was["forced"] if becomes.forced is None else becomes.forced,
    }
    assert {name: after[name] for name in expected} == expected
    assert (after["fingerprint"] != was["fingerprint"]) is becomes.anew
