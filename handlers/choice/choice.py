"""Whether a medium is worked on at all, and which of its jobs are not. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from contracts.facts import MediaFacts
from handlers.choice.labels import Label
from handlers.choice.opting_out import SKIP, list_skipped
from handlers.choice.paths import PathPattern
from handlers.choice.ranges import Range
from handlers.choice.types import find_type, is_like

OPTED_OUT: Final = "opted_out"
LEFT_OUT: Final = frozenset(
    [
        OPTED_OUT,
        "filtered_path",
        "filtered_type",
        "filtered_bytes",
        "filtered_pixels",
        "filtered_age",
        "filtered_meta",
    ]
)
"""Why a job is skipped that is not chosen. Force does not override any of these."""

RuleT = TypeVar("RuleT")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a job is not done: a reason of `LEFT_OUT`, and the rule that says so, as it is set."""

    reason: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is worked on. Nothing set: everything.

    Of `only_...` a medium must meet one rule of each kind that is set, of `except_...` none. What nobody knows of a
    medium leaves it in. `size` is in bytes, `age` in seconds since the platform has it.
    """

    only_paths: tuple[PathPattern, ...] = ()
    except_paths: tuple[PathPattern, ...] = ()
    only_types: tuple[str, ...] = ()
    except_types: tuple[str, ...] = ()
    only_meta: tuple[Label, ...] = ()
    except_meta: tuple[Label, ...] = ()
    size: Range = field(default_factory=Range)
    pixels: Range = field(default_factory=Range)
    age: Range = field(default_factory=Range)

    @property
    def keys(self) -> frozenset[str]:
        """The `media_meta` keys that facts must hold."""
        return frozenset([SKIP, *(label.key for label in (*self.only_meta, *self.except_meta))])

    def bar(self, facts: MediaFacts, now: datetime, job_types: Iterable[str]) -> Mapping[str, Exclusion]:
        """Which of the job types are not to be done to this medium, and why; a person's word comes first."""
        named = frozenset(job_types)
        filtered = self.filter(facts, now)
        barred = dict.fromkeys(named, filtered) if filtered else {}
        skipped = list_skipped(facts.meta.get(SKIP), named)
        return {**barred, **dict.fromkeys(skipped, Exclusion(OPTED_OUT, SKIP))}

    def filter(self, facts: MediaFacts, now: datetime) -> Exclusion | None:
        """Why the medium is left out by what is set; None: it is not."""
        return (
            self._by_path(facts)
            or self._by_type(facts)
            or _by_range("filtered_bytes", self.size, facts.metadata.file_size)
            or _by_range("filtered_pixels", self.pixels, _count_pixels(facts))
            or _by_range("filtered_age", self.age, _age(facts, now))
            or self._by_meta(facts)
        )

    def _by_path(self, facts: MediaFacts) -> Exclusion | None:
        path = facts.path
        if path is None or not (self.only_paths or self.except_paths):
            return None
        met = [pattern for pattern in (*self.only_paths, *self.except_paths) if pattern.matches(path)]
        return _by_list("filtered_path", self.only_paths, self.except_paths, met)

    def _by_type(self, facts: MediaFacts) -> Exclusion | None:
        name = find_type(facts) if self.only_types or self.except_types else None
        if name is None:
            return None
        met = [wanted for wanted in (*self.only_types, *self.except_types) if is_like(name, wanted)]
        return _by_list("filtered_type", self.only_types, self.except_types, met)

    def _by_meta(self, facts: MediaFacts) -> Exclusion | None:
        met = [label for label in (*self.only_meta, *self.except_meta) if label.matches(facts.meta)]
        return _by_list("filtered_meta", self.only_meta, self.except_meta, met)


def _by_list(
    reason: str, only: tuple[RuleT, ...], excepted: tuple[RuleT, ...], met: Iterable[RuleT]
) -> Exclusion | None:
    rules = list(met)
    for rule in excepted:
        if rule in rules:
            return Exclusion(reason, f"except {rule}")
    if only and not any(rule in rules for rule in only):
        return Exclusion(reason, f"only {', '.join(map(str, only))}")
    return None


def _by_range(reason: str, wanted: Range, number: float | None) -> Exclusion | None:
    return None if wanted.holds(number) else Exclusion(reason, f"only {wanted}")


def _count_pixels(facts: MediaFacts) -> int | None:
    """By the platform's word, else as the inspector found it under the present mark."""
    for known in (facts.metadata, facts.picture if facts.inspected else None):
        if known is not None and known.width and known.height:
            return known.width * known.height
    return None


def _age(facts: MediaFacts, now: datetime) -> float | None:
    created = facts.metadata.created_at
    return None if created is None else max((now - created).total_seconds(), 0.0)
