"""What an engine made of pairs, counted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bench.quality.statistics import upper_bound
from bench.quality.tags.gold import Pair

Engine = Callable[[Pair], bool]
"""Whether two names become one tag."""


@dataclass(frozen=True, slots=True)
class Count:
    """Of pairs that are the same (`same`), so many became one tag (`found`); of the others, `wrong`."""

    same: int
    found: int
    different: int
    wrong: int

    @property
    def merged(self) -> int:
        """How often two names became one."""
        return self.found + self.wrong

    @property
    def precision(self) -> float | None:
        """The share of what became one that should; None if nothing did."""
        return self.found / self.merged if self.merged else None

    @property
    def precision_at_least(self) -> float | None:
        """Its lower bound, in 19 of 20 cases."""
        return 1 - upper_bound(self.wrong, self.merged) if self.merged else None

    @property
    def recall(self) -> float | None:
        """The share of what should become one that did; None if nothing should."""
        return self.found / self.same if self.same else None


def count(pairs: Iterable[Pair], engine: Engine) -> Count:
    """Ask the engine about every pair."""
    same = found = different = wrong = 0
    for pair in pairs:
        merged = engine(pair)
        same += pair.same
        different += not pair.same
        found += pair.same and merged
        wrong += not pair.same and merged
    return Count(same, found, different, wrong)
