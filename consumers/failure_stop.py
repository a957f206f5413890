"""A stop when everything fails, instead of draining a library into failures."""

from dataclasses import dataclass


@dataclass
class FailureStop:
    """Counts jobs that failed in a row; at `limit` no work is taken for `pause` seconds, then one at a time.

    The first success lifts it. After Arroyo's `DlqLimit`. Times are seconds of a monotonic clock.
    """

    limit: int
    pause: float = 60.0
    streak: int = 0
    until: float = 0.0

    @property
    def stopped(self) -> bool:
        """Whether work is held back, though one at a time may be tried."""
        return self.streak >= self.limit

    def record(self, *, failed: bool, now: float) -> bool:
        """Take note of a job; True when this failure stops the taking of work."""
        if not failed:
            self.streak = 0
            return False
        self.streak += 1
        if not self.stopped:
            return False
        self.until = now + self.pause
        return True

    def allows(self, running: int, now: float) -> bool:
        """Whether one more medium may be taken while `running` are under way."""
        if not self.stopped:
            return True
        return running == 0 and now >= self.until
