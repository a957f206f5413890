"""The stages in order, and who comes after whom."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.facts import PAIRS, MediaFacts
from handlers.choice.choice import Choice
from handlers.models import Models
from handlers.stage import Stage


@dataclass(frozen=True)
class Chain:
    """Stages sorted so that every upstream comes first.

    `foreign` are the job types that another program does: ours to wait for, not to run. Those switched `off` leave
    `stages`: nobody waits for them. `choice` says which media are worked on, `models` who answers. `upstreams` is
    closed transitively (P12): a stage is looked at only when everything before it is terminal.
    """

    stages: tuple[Stage[Any], ...]
    foreign: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()
    choice: Choice = field(default_factory=Choice)
    models: Models = field(default_factory=Models)
    upstreams: Mapping[str, frozenset[str]] = field(init=False)
    job_types: frozenset[str] = field(init=False)
    """The job types that run here, or that another program does."""
    neighbourly: frozenset[str] = field(init=False)
    """Those that rest on what other media have in common with a medium."""
    keys: tuple[str, ...] = field(init=False)
    """Every `media_meta` key that facts must hold for these stages, those switched off too, and for the choice."""

    def __post_init__(self) -> None:
        closed: dict[str, frozenset[str]] = {}
        keys = {"locks", *self.choice.keys}
        for stage in self.stages:
            closed[stage.job_type] = frozenset(stage.after).union(*(closed[name] for name in stage.after))
            keys.update(stage.reads, stage.writes)
        running = tuple(stage for stage in self.stages if stage.job_type not in self.off)
        upstreams = {stage.job_type: closed[stage.job_type] - self.off for stage in running}
        object.__setattr__(self, "stages", running)
        object.__setattr__(self, "upstreams", upstreams)
        object.__setattr__(self, "job_types", frozenset(upstreams))
        neighbourly = frozenset(stage.job_type for stage in running if PAIRS in stage.reads) - self.foreign
        object.__setattr__(self, "neighbourly", neighbourly)
        object.__setattr__(self, "keys", tuple(sorted(keys)))

    @property
    def lines(self) -> Mapping[str, tuple[str, ...]]:
        """The models that are asked here, each with the job types that it answers, in the order of the chain."""
        lines: dict[str, tuple[str, ...]] = {}
        for stage in self.stages:
            if stage.job_type not in self.foreign:
                model = self.models.of(stage.job_type)
                lines[model] = (*lines.get(model, ()), stage.job_type)
        return lines

    def bar(self, facts: MediaFacts, now: datetime) -> Mapping[str, str]:
        """The job types that are not to be done to the medium now, with their reasons."""
        barred = self.choice.bar(facts, now, self.job_types)
        return {job_type: exclusion.reason for job_type, exclusion in barred.items()}

    def wants(self, barred: Collection[str]) -> bool:
        """Whether a job is left for a medium where these are barred, so that its picture is to be looked at."""
        return not barred or not self.job_types.issubset(barred)

    def stage(self, job_type: str) -> Stage[Any]:
        """The stage of that job type; KeyError when there is none."""
        for stage in self.stages:
            if stage.job_type == job_type:
                return stage
        raise KeyError(job_type)

    def select(self, job_types: Sequence[str], *, cascade: bool) -> frozenset[str]:
        """The known job types a force request names (none named: all), with everything downstream under cascade."""
        known = self.job_types
        named = known.intersection(job_types) if job_types else known
        if not cascade:
            return named
        return frozenset(name for name in known if name in named or named & self.upstreams[name])
