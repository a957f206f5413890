"""Whose fault a time-out is, the host's or the job's. Pure state: the caller brings the time (a monotonic clock)."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

REMEMBERED: Final = 10_000
"""Media that kept a host waiting and have not been answered since: so many are known, the latest ones."""

FORGIVEN: Final = 86_400.0
"""Seconds after which a time-out says nothing about the next one: there may have been an outage each time."""

Call = tuple[str, int, str]
"""A call's host, medium and job types (those of a fused call with commas between them)."""


@dataclass
class Blame:
    """When the hosts of a process answered, and about which media they first did not.

    A host that answers nobody is to blame. With a single slot nobody else can be asked during a call: there it counts
    what became of others since the first call about this medium that was waited for in vain.
    """

    _answered_at: dict[str, float] = field(default_factory=dict)
    _waited: OrderedDict[tuple[str, int], tuple[str, float]] = field(default_factory=OrderedDict)

    def answer(self, call: Call, now: float) -> None:
        """The host has answered this call."""
        host, media_id, job_types = call
        self._answered_at[host] = now
        if (waited := self._waited.get((host, media_id))) and waited[0] in job_types.split(","):
            del self._waited[host, media_id]

    def has_answered(self, host: str, since: float) -> bool:
        """Whether the host has answered anybody after that moment."""
        return self._answered_at.get(host, float("-inf")) > since

    def time_out(self, call: Call, began: float, now: float) -> bool:
        """A call begun at `began` was waited for in vain until now: whether it is the job's own fault.

        It is when the host has answered others meanwhile, or since this medium kept it waiting for the first time.
        """
        host, media_id, job_types = call
        _, since = self._waited.get((host, media_id), ("", began))
        if began - since > FORGIVEN:
            del self._waited[host, media_id]
            since = began
        self._waited.setdefault((host, media_id), (job_types.split(",")[0], now))
        if len(self._waited) > REMEMBERED:
            self._waited.popitem(last=False)
        return self.has_answered(host, since)
