"""What so many of 100 took at most, and of how many measurements that can be said."""

from collections.abc import Sequence

import numpy as np


def take_percentile(seconds: Sequence[float], share: int, *, quick: bool = False) -> float:
    """Milliseconds that `share` of 100 took at most.

    At least one has to be beyond it, or it would only be the slowest: of 99, 100 are needed. `quick` measures nothing.
    """
    assert quick or len(seconds) * (100 - share) >= 100, f"{len(seconds)} are too few for {share} of 100"
    return float(np.percentile(seconds, share)) * 1000
