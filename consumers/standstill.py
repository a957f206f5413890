"""Whether the machine slept: then our own leases look as if they were over, though whoever holds them goes on."""

from dataclasses import dataclass


@dataclass
class Standstill:
    """What passed on the wall clock alone: the monotonic one stands while a machine sleeps (clock_gettime(2)).

    A wall clock that is set forward looks the same.
    """

    apart: float | None = None

    def has_slept(self, wall: float, monotonic: float, tolerated: float) -> bool:
        """Whether it slept for more than `tolerated` seconds since this was asked last; False the first time."""
        before, self.apart = self.apart, wall - monotonic
        return before is not None and self.apart - before > tolerated
