"""How each host is asked: in which layout, and whether several jobs at once. As it is set, else as a probe found it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from db import prefix_probes
from db.failures import is_repeatable
from db.pool import Pool
from db.prefix_probes import ProbedServer
from handlers.failures import Failure, Unavailable
from handlers.inference.client import HostReport, Ollama, Question, Reply
from handlers.inference.hosts import Host
from handlers.inference.options import Layout
from handlers.inference.prefix_probe import Probed, probe

log = structlog.get_logger("bildwerk.consumers.manners")


class Fusing(StrEnum):
    """Whether the due jobs of a picture are asked for in one call: where a probe finds that it pays, always, never."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Manner:
    """How one host is asked."""

    layout: Layout = Layout.TWO_USER_TURNS
    fuses: bool = False


@dataclass
class Manners:
    """The manners of all hosts.

    `known` is called when a host's manner was found out: it may be given work now; `away` when it could not be asked.
    """

    pool: Pool
    ollama: Ollama
    fusing: Fusing = Fusing.AUTO
    known: Callable[[], None] = field(default=lambda: None)
    away: Callable[[Host, Failure], None] = field(default=lambda _host, _failure: None)
    _found: dict[tuple[str, ProbedServer], Manner] = field(default_factory=dict, init=False)
    _probing: dict[str, asyncio.Task[None]] = field(default_factory=dict, init=False)

    @property
    def are_set(self) -> bool:
        """Whether there is nothing to find out."""
        return self.ollama.options.layout is not None and self.fusing is not Fusing.AUTO

    def of(self, host: Host) -> Manner | None:
        """How to ask the host; None: it is to be probed first, or is away."""
        report = self.ollama.last_report(host)
        if self.are_set:
            return self._choose(None)
        return None if report is None else self._found.get((host.name, self._identify(report)))

    def learn(self, host: Host) -> None:
        """Begin to find out how to ask a host that was looked at and is well, unless it is known or under way."""
        report = self.ollama.last_report(host)
        under_way = self._probing.get(host.name)
        if (
            self.of(host) is None
            and report is not None
            and report.problem is None
            and (under_way is None or under_way.done())
        ):
            self._probing[host.name] = asyncio.create_task(self._learn(host, self._identify(report)))

    async def stop(self) -> None:
        """Give up what is being found out."""
        for task in self._probing.values():
            task.cancel()
        await asyncio.gather(*self._probing.values(), return_exceptions=True)

    async def _learn(self, host: Host, server: ProbedServer) -> None:
        probed = None
        try:
            probed = await self._recall(server) or await self._probe(host, server)
        except Unavailable as failure:
            self.away(host, failure)
            return
        except Failure as failure:
            log.warning("probe.failed", host=host.name, reason=failure.reason)
        except Exception as error:
            if is_repeatable(error):
                log.warning("probe.repeated", host=host.name, error=type(error).__name__)
                return
            log.exception("probe.broken", host=host.name)
        self._found[host.name, server] = self._choose(probed)
        self.known()

    async def _recall(self, server: ProbedServer) -> Probed | None:
        async with self.pool.acquire() as connection:
            found = await prefix_probes.find(connection, server)
        return None if found is None else Probed(Layout(found[0]), found[1])

    async def _probe(self, host: Host, server: ProbedServer) -> Probed | None:
        async def ask(question: Question, layout: Layout) -> Reply:
            return await self.ollama.ask(host, question, layout, probe=True)

        probed = await probe(ask, self.ollama.options.model)
        if probed is not None:
            log.info("host.probed", host=host.name, layout=probed.layout.value, ratio=round(probed.ratio, 3))
            async with self.pool.acquire() as connection:
                await prefix_probes.keep(connection, server, probed.layout.value, probed.ratio)
        return probed

    def _choose(self, probed: Probed | None) -> Manner:
        layout = self.ollama.options.layout or (probed.layout if probed else Layout.TWO_USER_TURNS)
        pays = probed is not None and not probed.rewarding
        return Manner(layout, self.fusing is Fusing.ALWAYS or (self.fusing is Fusing.AUTO and pays))

    def _identify(self, report: HostReport) -> ProbedServer:
        return identify(report, self.ollama.options.model, self.ollama.options.num_ctx)


def identify(report: HostReport, model: str, num_ctx: int) -> ProbedServer:
    """Whom a probe of this host is about; where a server tells no digest, the model's name stands in."""
    return ProbedServer(report.version or "", report.digest or model, num_ctx)
