"""What a crash matrix came to, and the checks that count crashes."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from contracts.duplicates import ASKS
from tests.acceptance.invariants import Evidence


@dataclass
class Figures:
    """What a matrix came to. `recovered` are seconds from a crash to the next call for a medium that it cut off."""

    seed: int
    crashes: int = 0
    jobs: int = 0
    failed: int = 0
    calls: int = 0
    wasted: int = 0
    open_calls: int = 0
    cut_off: int = 0
    repeats: int = 0
    recovered: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        times = sorted(self.recovered) or [0.0]
        return (
            f"seed {self.seed}: {self.crashes} crashes, {self.jobs} jobs, 0 lost, 0 doubled, {self.failed} failed,"
            f" {self.cut_off} runs cut off, {self.wasted} wasted calls of {self.calls}"
            f" ({self.open_calls} were under way), {self.repeats} repeats on the topics,"
            f" recovered after {times[len(times) // 2]:.1f} s, {times[-1]:.1f} s at most; {self.seconds:.0f} s"
        )


def count(figures: Figures, evidence: Evidence, crashes: list[dict[str, Any]]) -> None:
    """Add a world's figures. No call is made again but for a crash that it was under way in."""
    figures.crashes += len(crashes)
    figures.jobs += len(evidence.jobs)
    failed = {key: job["reason"] for key, job in evidence.jobs.items() if job["status"] == "failed"}
    assert failed == {}
    assert {key for key, job in evidence.jobs.items() if job["status"] == "skipped"} <= {
        key for key in evidence.jobs if key[1] == ASKS
    }
    figures.calls += len(evidence.calls)
    asked = [run for run in evidence.runs if run["host"]]
    answered = Counter((run["media_id"], run["job_type"]) for run in asked if run["ended_at"] is not None)
    calls = Counter((int(call["media"]), call["job"]) for call in evidence.calls)
    under_way = Counter((media_id, job) for crash in crashes for media_id, job in crash["open"])
    assert calls - answered - under_way == Counter(), "a call was made again for no crash"
    figures.open_calls += under_way.total()
    figures.wasted += len(evidence.calls) - sum(run["outcome"] in ("done", "kept") for run in asked)
    figures.cut_off += sum(run["ended_at"] is None for run in evidence.runs)
    figures.repeats += len(evidence.events) - len(evidence.first_events)
    for crash in crashes:
        for media_id, job in crash["open"]:
            later = [
                run["started_at"].timestamp() - crash["at"]
                for run in evidence.runs
                if (run["media_id"], run["job_type"]) == (media_id, job) and run["started_at"].timestamp() > crash["at"]
            ]
            figures.recovered += [min(later)] if later else []
