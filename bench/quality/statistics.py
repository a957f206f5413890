"""How well two sets of scores are told apart, and how sure that is."""

from collections.abc import Mapping, Sequence
from math import comb

import numpy as np

ROUNDS = 2000
CONFIDENCE = 0.95


def area(bad: Sequence[float], good: Sequence[float]) -> float:
    """The area under the ROC curve: how often a bad picture scores higher than a good one; a tie counts half."""
    worse, better = np.asarray(bad)[:, None], np.asarray(good)
    return float(np.mean(worse > better) + np.mean(worse == better) / 2)


def area_interval(bad: Mapping[str, Sequence[float]], good: Mapping[str, Sequence[float]]) -> tuple[float, float]:
    """Bootstrap over pictures, by their names: what was made from one picture is drawn together."""
    random = np.random.default_rng(0)
    names = sorted(set(bad) | set(good))
    wins = np.array([[_wins(bad.get(one, ()), good.get(other, ())) for other in names] for one in names])
    pairs = np.array([[len(bad.get(one, ())) * len(good.get(other, ())) for other in names] for one in names])
    drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), ROUNDS)
    areas = [weights @ wins @ weights / max(1, weights @ pairs @ weights) for weights in drawn]
    low, high = np.percentile(areas, ((1 - CONFIDENCE) * 50, (1 + CONFIDENCE) * 50))
    return float(low), float(high)


def upper_bound(hits: int, of: int) -> float:
    """The largest share that would still give so few hits in one of twenty cases (Clopper and Pearson, one-sided)."""
    low, high = hits / of, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if _at_most(hits, of, middle) > 1 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def _wins(bad: Sequence[float], good: Sequence[float]) -> float:
    return area(bad, good) * len(bad) * len(good) if len(bad) and len(good) else 0.0


def _at_most(hits: int, of: int, share: float) -> float:
    return sum(comb(of, count) * share**count * (1 - share) ** (of - count) for count in range(hits + 1))
