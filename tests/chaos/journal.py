"""What was broken when, and how often."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Journal:
    """Notes faults with the seconds since it was opened; `tell` hears each line at once."""

    tell: Callable[[str], None] = lambda _line: None
    began: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    def note(self, text: str) -> None:
        """Note anything."""
        line = f"{time.monotonic() - self.began:8.2f} s  {text}"
        self.lines.append(line)
        self.tell(line)

    def fault(self, kind: str, detail: str = "", times: int = 1) -> None:
        """Note a fault; `kind` is what it is counted as."""
        self.faults[kind] += times
        self.note(f"{kind}{f' x {times}' if times != 1 else ''}{f': {detail}' if detail else ''}")
