"""Call times that are drawn instead of coming from what is read and written: the same for the same call, always."""

import math
from dataclasses import dataclass
from random import Random

from bildwerk.sandbox.simulated_ollama.calls import Record


@dataclass(frozen=True, slots=True)
class DrawnTimes:
    """Lognormal: `mean` in seconds, `spread` is the standard deviation of the logarithm."""

    mean: float
    spread: float

    def of(self, call: Record) -> float:
        """Seconds of a call, by the medium and the job that it is for; who asks, and when, makes no difference."""
        drawn = Random(f"{call.media}/{call.job}").gauss(0.0, self.spread)  # noqa: S311 - repeatable on purpose
        return self.mean * math.exp(drawn - self.spread**2 / 2)
