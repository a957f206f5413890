"""One job of a medium whose turn it is."""

from dataclasses import dataclass
from typing import Any

from contracts.facts import MediaFacts
from contracts.verdicts import Verdict
from db.facts import Snapshot
from handlers.stage import Stage


@dataclass(frozen=True, slots=True)
class Turn:
    """A job whose turn it is, and all that is known of its medium."""

    stage: Stage[Any]
    verdict: Verdict
    snapshot: Snapshot

    @property
    def name(self) -> str:
        """The job type."""
        return self.stage.job_type

    @property
    def facts(self) -> MediaFacts:
        """What the stage looks at."""
        return self.snapshot.facts
