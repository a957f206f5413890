"""How fast events go through, batch by batch."""

import asyncio
import time
from dataclasses import dataclass, field

from handlers.runner.outcomes import Planned


@dataclass
class Pace:
    """Events by the time at which their batch was through; `media` are the ids of each batch."""

    expected: int
    seen: int = 0
    todo: int = 0
    marks: list[tuple[float, int]] = field(default_factory=list)
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, events: int) -> None:
        """A batch is through."""
        self.seen += events
        self.marks.append((time.perf_counter(), self.seen))
        if self.seen >= self.expected:
            self.complete.set()

    def note_planned(self, planned: Planned) -> None:
        """As above; every event of the topic is of another medium, so that media are events."""
        self.todo += planned.changed + planned.uninspected + planned.due
        self.note(planned.media)

    @property
    def rate(self) -> float:
        """Events per second after the first batch."""
        (began, first), (ended, last) = self.marks[0], self.marks[-1]
        return (last - first) / (ended - began)
