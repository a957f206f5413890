"""A stop for a topic that is wrong altogether, instead of draining it into dead letters. After Arroyo's DlqLimit."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self


class Flooded(Exception):
    """So many events cannot be understood that the fault is not theirs: `dead` of the last `events`."""

    def __init__(self, dead: int, events: int) -> None:
        super().__init__(f"{dead} of the last {events} events were dead letters")
        self.dead, self.events = dead, events


@dataclass(frozen=True, slots=True)
class FloodGate:
    """Stops at `consecutive` dead letters in a row, or at a `share` of the last `window` events; 0: never.

    `row` and `last` are what was seen so far (True: a dead letter).
    """

    consecutive: int = 1_000
    window: int = 1_000
    share: float = 0.9
    row: int = 0
    last: tuple[bool, ...] = ()

    def after(self, dead: Iterable[bool]) -> Self:
        """The gate after some more events. Raises Flooded."""
        row, last, among = self.row, deque(self.last, max(1, self.window)), sum(self.last)
        for one in dead:
            row = row + 1 if one else 0
            if self.consecutive and row >= self.consecutive:
                raise Flooded(row, row)
            among += one - (last[0] if len(last) == last.maxlen else 0)
            last.append(one)
            if self.window and len(last) == self.window and among >= self.share * self.window:
                raise Flooded(among, self.window)
        return replace(self, row=row, last=tuple(last))
