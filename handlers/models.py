"""Which model answers which job type."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Models:
    """`usual` answers every job type for which `others` names no other model."""

    usual: str = ""
    others: Mapping[str, str] = field(default_factory=dict)

    def of(self, job_type: str) -> str:
        """The model that answers this job type."""
        return self.others.get(job_type, self.usual)
