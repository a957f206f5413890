"""What a run with faults in it came to, in figures."""

from collections import Counter
from dataclasses import dataclass

from tests.acceptance.invariants import EFFECTS, Evidence


@dataclass(frozen=True)
class Figures:
    """`lost`, `doubled`, `failed` and `letters` are to be 0; `wasted` model calls and `repeats` on the topic are not.

    `seconds` is how long it took from the last fault until nothing was left to do.
    """

    media: int
    jobs: int
    calls: int
    lost: int
    doubled: int
    wasted: int
    failed: int
    letters: int
    repeats: int
    seconds: float


def count(evidence: Evidence, seconds: float, letters: int = 0) -> Figures:
    """Count; `letters` are the dead letters that had to be. A run without a host asked no model."""
    asked = [call for call in evidence.calls if call["start"] is not None]
    answered = sum(run["outcome"] in EFFECTS and bool(run["host"]) and not run["reused_from"] for run in evidence.runs)
    told = Counter(evidence.list_told())
    return Figures(
        media=len(evidence.media),
        jobs=len(evidence.jobs),
        calls=len(asked),
        lost=len(evidence.find_lost()) + evidence.outbox,
        doubled=sum(n - 1 for n in evidence.effects.values()) + sum(n - 1 for n in told.values()),
        wasted=len(asked) - answered,
        failed=sum(job["status"] == "failed" for job in evidence.jobs.values()),
        letters=len(evidence.letters) - letters,
        repeats=len(evidence.events) - len(evidence.first_events),
        seconds=seconds,
    )
