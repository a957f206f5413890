"""Which hosts may be given work. Pure state: the caller brings the time (seconds of a monotonic clock)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random

from handlers.failures import Failure, Transient, Unavailable
from handlers.inference.hosts import Host
from handlers.inference.refusals import CRASHED

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
PROBE_LIMIT = 60.0
"""Seconds after which a probe that never reported is given up, so that its host is not forgotten."""
STEP_ASIDE = LONGEST_WAIT + 15.0
"""Seconds for which whoever was tried in vain leaves the next trial to others: the longest wait, and a look."""
TOLERATED = 5
"""Transient failures in a row before the host itself is doubted."""


class BreakerState(Enum):
    """Closed: work flows. Open: nothing is sent. Half open: one probe may find out."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """One host's breaker. `since` is when it opened first (None: closed), `reason` why it opened last.

    `looked_well` is when a look found a host that had been away (None: it is not on probation).
    """

    since: float | None = None
    reason: str = ""
    retry_at: float = 0.0
    waits: int = 0
    stumbles: int = 0
    probe_until: float | None = None
    looked_well: float | None = None

    @property
    def is_on_probation(self) -> bool:
        """Whether a look found the host well, and no call was answered yet since it was away."""
        return self.looked_well is not None

    def state(self, now: float) -> BreakerState:
        """What the breaker lets through."""
        if self.since is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if now >= self.retry_at else BreakerState.OPEN

    def may_probe(self, now: float) -> bool:
        """Whether a probe should start: the wait is over and no other probe is on its way."""
        return self.state(now) is BreakerState.HALF_OPEN and (self.probe_until is None or now >= self.probe_until)

    def start_probe(self, now: float) -> "Breaker":
        """The breaker while a probe is on its way."""
        return replace(self, probe_until=now + PROBE_LIMIT)

    def close(self) -> "Breaker":
        """The breaker of a host that answered."""
        return Breaker()

    def try_out(self, now: float) -> "Breaker":
        """The breaker of a host that a look found well: it may be called, and what it did to calls is not forgotten."""
        return self if self.since is None else Breaker(waits=self.waits, looked_well=now)

    def is_past(self, began: float | None) -> bool:
        """Whether what was begun then tells of the time before the last look that found the host again."""
        return began is not None and self.looked_well is not None and began < self.looked_well

    def stumble(self, reason: str, now: float, stretch: float) -> "Breaker":
        """One transient failure more; several in a row are the host's, on probation the first."""
        if self.since is None and not self.is_on_probation and self.stumbles + 1 < TOLERATED:
            return replace(self, stumbles=self.stumbles + 1)
        return self.open(reason, now, stretch)

    def open(self, reason: str, now: float, stretch: float) -> "Breaker":
        """The breaker of a host that is away; `stretch` (1 to 2) is the jitter.

        Calls that were under way when it opened fail in its wake: only a failure after the wait makes it wait longer.
        """
        if self.state(now) is BreakerState.OPEN:
            return replace(self, reason=reason)
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2**self.waits * stretch)
        since = now if self.since is None else self.since
        return Breaker(since=since, reason=reason, retry_at=now + wait, waits=min(self.waits + 1, 10))


@dataclass
class HostHealth:
    """The breakers of all hosts."""

    hosts: Sequence[Host]
    random: Random = field(default_factory=Random)
    _breakers: dict[str, Breaker] = field(default_factory=dict, init=False)

    def breaker(self, host: Host) -> Breaker:
        """The host's breaker."""
        return self._breakers.get(host.name, Breaker())

    def available(self, now: float) -> list[Host]:
        """The hosts that may be given work; a half-open one waits for its probe."""
        return [host for host in self.hosts if self.breaker(host).state(now) is BreakerState.CLOSED]

    def record(self, host: Host, failure: Failure | None, now: float, began: float | None = None) -> None:
        """What a call ended in (None: well), and when it was begun; or a look (None).

        Unavailable opens the breaker at once. A refusal or a bad answer is an answer. A look that ends well only lets
        calls through again: it is the first answered one that closes the breaker. A crash of the model's runner and
        a time-out while others were answered are the job's doing and say nothing about the host. Nor does an answer to
        what was begun before the breaker opened, or, on probation, any end of what was begun before the look.
        """
        breaker = self.breaker(host)
        if breaker.is_past(began):
            return
        stretch = self.random.uniform(1.0, 2.0)
        match failure:
            case Unavailable():
                breaker = breaker.open(failure.reason, now, stretch)
            case Transient() if failure.reason in (CRASHED, "timeout"):
                return
            case Transient():
                breaker = breaker.stumble(failure.reason, now, stretch)
            case _ if began is None:
                breaker = breaker.try_out(now)
            case _ if breaker.since is None or began >= breaker.since:
                breaker = breaker.close()
        self._breakers[host.name] = breaker

    def due_probes(self, now: float) -> list[Host]:
        """The hosts to probe now, each marked as being probed; `record` takes the result."""
        due = [host for host in self.hosts if self.breaker(host).may_probe(now)]
        for host in due:
            self._breakers[host.name] = self.breaker(host).start_probe(now)
        return due
