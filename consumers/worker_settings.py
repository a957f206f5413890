"""The times that workers keep."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Times in seconds. A lease outlives three heartbeats; `margin` is how long before its end we stop trusting it."""

    lease: float = 30.0
    poll: float = 1.0
    grace: float = 60.0

    @property
    def heartbeat(self) -> float:
        """How often leases are prolonged."""
        return self.lease / 3

    @property
    def margin(self) -> float:
        """Distance to the lease's end at which a worker whose heart does not beat stops its calls."""
        return self.lease / 6

    @property
    def trust(self) -> float:
        """How long a lease is relied on after it was claimed or prolonged."""
        return self.lease - self.margin
