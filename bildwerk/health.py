"""What `/healthz` and `/readyz` say of a service: which loops owe a sign of life, and what it lacks for its work."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from bildwerk.intake_words import explain_stop
from bildwerk.web.app import Check
from consumers.fleet import Fleet
from consumers.intake import Intake
from consumers.pulse import Pulse, find_overdue
from consumers.relay import Relay
from consumers.store import Store
from consumers.worker import Dispatcher
from db.failures import is_repeatable
from db.pool import Pool
from db.writable import is_writable


@dataclass(frozen=True, slots=True)
class Health:
    """Looks at the parts of one service; `pulses` are those of its loops, by name. Reasons: `health_words`."""

    pool: Pool
    intake: Intake
    relay: Relay
    dispatcher: Dispatcher
    fleet: Fleet
    store: Store
    pulses: Mapping[str, Pulse]

    def overdue(self) -> list[str]:
        """The loops that are dead or stuck. What is away outside stops none of them."""
        return find_overdue(self.pulses, monotonic())

    def checks(self) -> Mapping[str, Check]:
        """What is needed, by name."""
        return {
            "postgresql": self._check_database,
            "kafka": self._check_intake,
            "relay": self._check_relay,
            "heartbeat": self._check_heartbeat,
            "workers": self._check_workers,
            "ollama": self._check_fleet,
            "media_root": self._check_store,
            "loops": self._check_loops,
        }

    async def _check_database(self) -> str | None:
        try:
            return None if await is_writable(self.pool) else "read_only"
        except Exception as error:
            if not is_repeatable(error) or isinstance(error, TimeoutError):
                raise
            return f"unreachable: {type(error).__name__}"

    async def _check_intake(self) -> str | None:
        if (stop := self.intake.stopped) is not None:
            return f"intake_stopped: {explain_stop(stop)}"
        if self.intake.unplanned:
            return f"not_planning: {self.intake.unplanned}"
        trouble = self.intake.trouble()
        return trouble and f"not_consuming: {trouble}"

    async def _check_relay(self) -> str | None:
        trouble = self.relay.trouble()
        return trouble and f"not_publishing: {trouble}"

    async def _check_heartbeat(self) -> str | None:
        return None if self.dispatcher.is_trusted(monotonic()) else "late"

    async def _check_workers(self) -> str | None:
        failures = self.dispatcher.failures
        return f"too_many_failures: {failures.streak} jobs in a row" if failures.stopped else None

    async def _check_fleet(self) -> str | None:
        away = self.fleet.away()
        if len(away) < len(self.fleet.ollama.hosts):
            return None
        return f"no_host: {', '.join(f'{name} {reason}' for name, reason in away.items())}"

    async def _check_store(self) -> str | None:
        return None if self.store.is_there() else "media_root_unavailable"

    async def _check_loops(self) -> str | None:
        overdue = self.overdue()
        return f"stuck: {', '.join(overdue)}" if overdue else None
