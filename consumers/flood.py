"""A stop for a topic that is wrong altogether, instead of draining it into dead letters. After Arroyo's DlqLimit."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self


class Flooded(Exception):
    """So many events cannot be understood that the fault is not theirs; nothing more is taken. One clear line."""


@dataclass(frozen=True, slots=True)
class FloodGate:
    """Stops at `consecutive` dead letters in a row, or at more than `ratio` of the last `window` events; 0: never.

    `row` and `last` are what was seen so far (True: a dead letter).
    """

    consecutive: int = 100
    window: int = 1_000
    ratio: float = 0.5
    row: int = 0
    last: tuple[bool, ...] = ()

    def after(self, dead: Iterable[bool]) -> Self:
        """The gate after some more events. Raises Flooded."""
        row, last, among = self.row, deque(self.last, max(1, self.window)), sum(self.last)
        for one in dead:
            row = row + 1 if one else 0
            if self.consecutive and row >= self.consecutive:
                raise Flooded(f"the last {row} events were all dead letters")
            among += one - (last[0] if len(last) == last.maxlen else 0)
            last.append(one)
            if self.window and len(last) == self.window and among > self.ratio * self.window:
                raise Flooded(f"{among} of the last {self.window} events were dead letters")
        return replace(self, row=row, last=tuple(last))
