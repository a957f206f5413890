"""Which jobs that are done would be asked for in other words, of another model or about other facts today.

The fingerprint says nothing of it: a new model or prompt does not make a library due. The recipe on record says how an
answer was asked for, prompt text and all; it is compared with the recipe of the question as it would be asked now.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from contracts.facts import MediaFacts
from db import runs
from db.pool import Connection
from db.runs import Standing
from handlers.inference.answers import answer_schema
from handlers.inference.layout import Question
from handlers.inference.options import InferenceOptions, Layout
from handlers.inference.recipe import recipe
from handlers.models import Models
from handlers.runner.planning import Planner
from handlers.stage import Stage

log = structlog.get_logger("bildwerk.handlers.staleness")


@dataclass(frozen=True, slots=True)
class Staleness:
    """Compares with what is asked now, with these options; `digests` are those of each model on the hosts."""

    planner: Planner
    options: InferenceOptions
    digests: Mapping[str, frozenset[str | None]]

    async def find(
        self, connection: Connection, media_ids: Sequence[int], job_types: Collection[str]
    ) -> Mapping[int, frozenset[str]]:
        """The stale jobs of these types by medium; a medium whose picture is to be looked at first has none."""
        names = [name for name in job_types if name not in self.planner.chain.foreign]
        standing = await runs.list_standing(connection, media_ids, names)
        facts = {s.facts.media_id: s.facts for s in await self.planner.load(connection, {j.media_id for j in standing})}
        found: dict[int, set[str]] = defaultdict(set)
        for job in standing:
            known = facts[job.media_id]
            if known.exists and known.inspected and self._is_stale(known, job):
                found[job.media_id].add(job.job_type)
        return {media_id: frozenset(names) for media_id, names in found.items()}

    @property
    def _models(self) -> Models:
        return self.planner.chain.models

    def _is_stale(self, facts: MediaFacts, job: Standing) -> bool:
        if not job.recipe:
            return False  # rules decided, or nobody knows any more
        if job.reused_from is not None or job.job_type in self.planner.chain.neighbourly:
            # asked about another medium, or about pairs that are closed since: only who was asked can be compared
            return (job.model, job.language) != (self._models.of(job.job_type), facts.language)
        stage = self.planner.chain.stage(job.job_type)
        try:
            return stage.decide(facts) is None and job.recipe not in self._recipes(stage, facts)
        except Exception:
            log.exception("staleness.broken", media_id=facts.media_id, job_type=job.job_type)
            return False

    def _recipes(self, stage: Stage[Any], facts: MediaFacts) -> set[str]:
        model = self._models.of(stage.job_type)
        question = Question(
            model, stage.prompt(facts), facts.language, None, answer_schema(stage), facts.media_id,
            stage.job_type,
        )  # fmt: skip
        layouts = [self.options.layout] if self.options.layout else list(Layout)
        return {recipe(stage, question, digest, self.options, one) for digest in self.digests[model] for one in layouts}
