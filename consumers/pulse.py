"""Signs of life of a loop, and which loops owe one. Times are seconds of a monotonic clock."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

PATIENCE = 300.0
"""Longer than any pass takes in which everything that it waits for ends at its own time-out."""


@dataclass
class Pulse:
    """A loop beats at the begin of every pass, and before it rests.

    `patience` is how long a pass may take. A service that is away ends a pass with an error long before: a loop that
    owes a sign of life is dead, or hangs for a mistake of ours.
    """

    patience: float = PATIENCE
    clock: Callable[[], float] = monotonic
    due: float = field(default=math.inf, init=False)

    def beat(self, rest: float = 0.0) -> None:
        """The loop is alive; it may sleep `rest` seconds before the next pass."""
        self.due = self.clock() + rest + self.patience

    def end(self, *, asked: bool) -> None:
        """The loop has ended: as it was asked to, or not."""
        self.due = math.inf if asked else -math.inf


def find_overdue(pulses: Mapping[str, Pulse], now: float) -> list[str]:
    """The names of the loops that owe a sign of life, sorted."""
    return sorted(name for name, pulse in pulses.items() if now > pulse.due)
