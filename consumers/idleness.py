"""How long free slots waited for a medium although there was one. Pure: the caller brings the time, in seconds."""

from collections import deque
from dataclasses import dataclass, field


@dataclass
class Idleness:
    """Slots of this process that were given back, and since when a claim would have found something.

    A claim that finds nothing says that until then nothing was missed.
    """

    _free: deque[float] = field(default_factory=deque)
    _nothing: float = float("-inf")

    def free(self, now: float) -> None:
        """A slot was given back."""
        self._free.append(now)

    def find_nothing(self, now: float) -> None:
        """There was nothing to claim, or nobody to ask."""
        self._nothing = now

    def claim(self, now: float) -> float:
        """A medium was claimed: for how long a slot had been idle while it, or another one, waited."""
        if not self._free:
            return 0.0
        return max(0.0, now - max(self._free.popleft(), self._nothing))
