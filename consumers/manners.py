"""The manners of hosts: found out by a probe under a slot, kept for all processes, once for each server and model."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import structlog

from db import hosts, leases, prefix_probes
from db.failures import REPEATABLE, is_repeatable
from db.leases import SlotLease
from db.pool import Connection, Pool
from db.prefix_probes import ProbedServer
from handlers.failures import Failure, Unavailable
from handlers.inference.client import HostReport, Ollama, Question, Reply
from handlers.inference.hosts import Host
from handlers.inference.manner import Fusing, Manner, choose
from handlers.inference.options import READING_SECONDS, Layout
from handlers.inference.prefix_probe import Probed, probe
from handlers.inference.refusals import CRASHED

log = structlog.get_logger("bildwerk.consumers.manners")

READING: Final = timedelta(seconds=READING_SECONDS)
TRUSTED: Final = 5 / 6
"""The part of a lease for which it is relied on after a heartbeat, as workers do."""
RESERVED: Final = timedelta(seconds=10)
"""How long a host is kept free of new work for whoever waits for all of it; renewed at every look."""


@dataclass
class Manners:
    """The manners of all hosts.

    `known` is called when a host's manner was found out: it may be given work now; `away` when it could not be asked.
    With `swaps` there are several models, one at a time on a host: it is probed when nothing else is under way there.
    `lease` is how long slots are ours after each heartbeat.
    """

    pool: Pool
    ollama: Ollama
    fusing: Fusing = Fusing.AUTO
    swaps: bool = False
    known: Callable[[], None] = field(default=lambda: None)
    away: Callable[[Host, str, Failure], None] = field(default=lambda _host, _model, _failure: None)
    owner: UUID = field(default_factory=uuid4)
    lease: timedelta = timedelta(seconds=60)
    _found: dict[tuple[str, ProbedServer], Manner] = field(default_factory=dict, init=False)
    _reserved: set[str] = field(default_factory=set, init=False)
    _probing: dict[str, asyncio.Task[None]] = field(default_factory=dict, init=False)

    @property
    def are_set(self) -> bool:
        """Whether there is nothing to find out."""
        return self.ollama.options.layout is not None and self.fusing is not Fusing.AUTO

    def of(self, host: Host, model: str) -> Manner | None:
        """How to ask the host for a model; None: it is to be probed first, or is away."""
        if self.are_set or model in self.ollama.options.textual:  # shown no picture: there is nothing to find out
            return self._choose(None)
        report = self.ollama.last_report(host, model)
        return None if report is None else self._found.get((host.name, self._identify(report, model)))

    def learn(self, host: Host, model: str) -> None:
        """Begin to find out how to ask a host that was looked at and is well, unless it is known or under way."""
        report = self.ollama.last_report(host, model)
        under_way = self._probing.get(host.name)
        if (
            self.of(host, model) is None
            and report is not None
            and report.problem is None
            and (under_way is None or under_way.done())
        ):
            self._probing[host.name] = asyncio.create_task(self._learn(host, model, self._identify(report, model)))

    async def stop(self) -> None:
        """Give up what is being found out."""
        for task in self._probing.values():
            task.cancel()
        await asyncio.gather(*self._probing.values(), return_exceptions=True)

    async def _learn(self, host: Host, model: str, server: ProbedServer) -> None:
        probed = None
        try:
            probed = await self._recall(server)
            if probed is not None:
                await self._open(host)
            else:
                async with self._slots(host, model) as slots:
                    if not slots:
                        return  # calls are under way there, perhaps another process's probe: looked at again soon
                    probed = await self._recall(server) or await self._probe(host, model, server)
        except Unavailable as failure:
            self.away(host, model, failure)
            return
        except Failure as failure:
            if failure.reason == CRASHED:  # over a picture that we made up: it would over anybody's
                self.away(host, model, Unavailable(failure.reason, failure.detail))
                return
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

    async def _probe(self, host: Host, model: str, server: ProbedServer) -> Probed | None:
        async def ask(question: Question, layout: Layout) -> Reply:
            return await self.ollama.ask(host, question, layout, probe=True)

        probed = await probe(ask, model)
        if probed is not None:
            log.info("host.probed", host=host.name, layout=probed.layout.value, ratio=round(probed.ratio, 3))
            try:
                async with self.pool.acquire() as connection:
                    await prefix_probes.keep(connection, server, probed.layout.value, probed.ratio)
            except Exception as error:  # noqa: BLE001 - calls that were paid for count in this process all the same
                log.warning("probe.not_kept", host=host.name, error=type(error).__name__)
        return probed

    @asynccontextmanager
    async def _slots(self, host: Host, model: str) -> AsyncIterator[Sequence[SlotLease]]:
        """A slot of the host while it is probed: a picture of somebody else's would push ours out of its memory.

        Where models are swapped, all of them; none, when calls are under way.
        """
        async with self.pool.acquire() as connection:
            slots = await self._take(connection, host, model)
        if not slots:
            yield ()
            return
        probing = asyncio.current_task()
        assert probing is not None
        beating, busy = asyncio.create_task(self._beat(slots, probing)), timedelta(0)
        try:
            yield slots
        except asyncio.CancelledError:
            busy = READING
            raise
        except Failure as failure:
            busy = READING if failure.reason == "timeout" else busy
            raise
        finally:
            beating.cancel()
            with suppress(*REPEATABLE):  # they run out by themselves
                async with self.pool.acquire() as connection:
                    for slot in slots:
                        await leases.release_slot(connection, slot, busy)

    async def _take(self, connection: Connection, host: Host, model: str) -> Sequence[SlotLease]:
        if not self.swaps:
            slot = await leases.claim_slot(connection, self.owner, self.lease, host.name, host.slots)
            return () if slot is None else (slot,)
        slots = await leases.settle(connection, lambda: self._take_whole(connection, host, model))
        if slots is None:
            self._reserved.add(host.name)
            await hosts.reserve(connection, host.name, RESERVED)
        return slots or ()

    async def _open(self, host: Host) -> None:
        """What was waited for has been found out by somebody else: the host need not be kept free any longer."""
        if host.name in self._reserved:
            self._reserved.discard(host.name)
            async with self.pool.acquire() as connection:
                await hosts.open_again(connection, host.name)

    async def _take_whole(self, connection: Connection, host: Host, model: str) -> Sequence[SlotLease] | None:
        (standing,) = await hosts.lock(connection, [(host.name, host.slots)])
        if standing.busy:
            return None
        await hosts.serve(connection, host.name, model, media=0)
        return await leases.claim_host(connection, self.owner, self.lease, host.name, host.slots)

    async def _beat(self, slots: Sequence[SlotLease], probing: asyncio.Task[Any]) -> None:
        """Keep the slots; the probe is given up before they may be somebody else's without our knowing (I8)."""
        loop, lease = asyncio.get_running_loop(), self.lease.total_seconds()
        end = loop.call_later(lease * TRUSTED, probing.cancel)
        try:
            while True:
                await asyncio.sleep(lease / 3)
                began = loop.time()
                with suppress(*REPEATABLE):
                    async with self.pool.acquire() as connection:
                        _, kept = await leases.beat(connection, self.lease, [], slots)
                    end.cancel()
                    end = loop.call_at(began + (lease * TRUSTED if len(kept) == len(slots) else 0.0), probing.cancel)
        finally:
            end.cancel()

    def _choose(self, probed: Probed | None) -> Manner:
        return choose(self.ollama.options.layout, self.fusing, probed)

    def _identify(self, report: HostReport, model: str) -> ProbedServer:
        return identify(report, model, self.ollama.options.num_ctx)


def identify(report: HostReport, model: str, num_ctx: int) -> ProbedServer:
    """Whom a probe of this host is about; where a server tells no digest, the model's name stands in."""
    return ProbedServer(report.version or "", report.digest or model, num_ctx)
