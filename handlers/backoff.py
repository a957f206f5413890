"""Exponential back-off, decided purely."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often to try and how long to wait in between; seconds.

    The delay before try n (counted from 0) is base * 2^n, at most cap, times a factor between 0.5 and 1.5 that spreads
    the herd ("full" jitter kept away from zero, so that a try never follows at once).
    """

    tries: int
    base: float
    cap: float

    def delay(self, attempt: int, spread: float = 0.5) -> float:
        """Seconds to wait after `attempt` earlier tries; `spread` is uniform in [0, 1)."""
        return min(self.cap, self.base * 2.0 ** min(attempt, 30)) * (0.5 + spread)
