"""The Ollama hosts as the workers see them: asked by name, watched by their breakers, probed until they are back."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import structlog

from consumers.control_questions import ControlQuestions
from consumers.manners import Manners
from consumers.pulse import Pulse
from handlers.failures import BadAnswer, Failure, Invalid, Unavailable
from handlers.inference.client import HostReport, Ollama, Question, Reply
from handlers.inference.health import STEP_ASIDE, BreakerState, HostHealth
from handlers.inference.hosts import Host
from handlers.inference.manner import Manner
from handlers.inference.options import Layout
from handlers.inference.recipe import recipe
from handlers.inference.refusals import CRASHED
from handlers.stage import Stage

log = structlog.get_logger("bildwerk.consumers.fleet")

TRIAL_WAIT = 5.0
"""Seconds for which a medium waits for the trial of a host on probation, before it is left to the other hosts."""
LOOK_AGAIN = 30.0
"""Seconds until a host that lacks a model is looked at again."""
MODEL_REASONS = frozenset({"model_missing", "model_blind", CRASHED})
"""Why a host cannot be asked for a model, though perhaps for others."""


@dataclass
class Fleet:
    """All hosts of one service. `back` is called when one may be asked again.

    `models` are those that may be asked (default: the usual one); a host that lacks one is asked for the others.
    Without `manners` all are asked as it is set. With them a host gets no work until it is known how to ask it.
    """

    ollama: Ollama
    health: HostHealth
    manners: Manners | None = None
    models: Sequence[str] = ()
    back: Callable[[], None] = field(default=lambda: None)
    poll: float = 0.25
    pulse: Pulse = field(default_factory=Pulse)
    _by_name: dict[str, Host] = field(init=False)
    _lacking: dict[str, dict[str, str]] = field(init=False)
    _controls: ControlQuestions = field(init=False)
    _looked_at: dict[str, float] = field(default_factory=dict, init=False)
    _apart: set[tuple[str, str]] = field(default_factory=set, init=False)
    _crashed: set[tuple[str, str]] = field(default_factory=set, init=False)
    _trials: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock), init=False)

    def __post_init__(self) -> None:
        self._by_name = {host.name: host for host in self.ollama.hosts}
        self._lacking = {host.name: {} for host in self.ollama.hosts}
        self._controls = ControlQuestions(self.ollama)
        self.models = tuple(self.models) or (self.ollama.options.model,)
        if self.manners:
            self.manners.known, self.manners.away = self._tell_back, self._note

    def _tell_back(self) -> None:
        self.back()

    def available(self) -> Sequence[tuple[str, int]]:
        """(name, slots) of every host that may be given work now; one that is being tried has enough."""
        there = self.health.available(monotonic())
        return [
            (host.name, host.slots) for host in there if self.serves(host.name) and not self._trials[host.name].locked()
        ]

    def serves(self, host: str) -> Sequence[str]:
        """The models that this host may be asked for now: it has them, and it is known how to ask."""
        target, lacking = self._by_name[host], self._lacking[host]
        return [model for model in self.models if model not in lacking and self._manner(target, model)]

    def away(self) -> dict[str, str]:
        """Why each host that gets no work now gets none, by its name."""
        there = self.health.available(monotonic())
        reasons = {host: self._explain(host, there=host in there) for host in self.ollama.hosts}
        return {host.name: why for host, why in reasons.items() if host not in there or not self.serves(host.name)}

    def _explain(self, host: Host, *, there: bool) -> str:
        if not there:
            return self.health.breaker(host).reason
        lacking = self._lacking[host.name]
        return next(iter(lacking.values())) if lacking.keys() >= set(self.models) else "not_probed"

    def reports(self) -> dict[str, HostReport | None]:
        """What the last look at each host found."""
        return {host.name: self.ollama.last_report(host, self.models[0]) for host in self.ollama.hosts}

    async def look(self) -> dict[str, HostReport]:
        """Look at every host once; those that cannot serve are not given work until a probe finds them well."""
        reports = await asyncio.gather(*map(self._look_at, self.ollama.hosts))
        return {host.name: report for host, report in zip(self.ollama.hosts, reports, strict=True)}

    async def ask(self, host: str, question: Question, send: Callable[[], None]) -> Reply:
        """Ask a host when its turn has come; how it went moves its breaker. `send` is called right before it is asked.

        On probation one is asked at a time, as for a model whose runner crashed over anything: how that goes is how it
        would go with the others. Raises what `Ollama.ask` and `send` raise, `Unavailable` if the host may not be asked
        by then, or a trial takes too long to wait for.
        """
        target = self._by_name[host]
        if self._is_on_probation(target, question.model):
            async with self._turn_on_probation(host):
                if self._is_on_probation(target, question.model):
                    return await self._ask(target, question, send, trial=True)
        return await self._ask(target, question, send)

    def _is_on_probation(self, host: Host, model: str) -> bool:
        return self.health.breaker(host).is_on_probation or (host.name, model) in self._crashed

    @asynccontextmanager
    async def _turn_on_probation(self, host: str) -> AsyncIterator[None]:
        trial = self._trials[host]
        try:
            async with asyncio.timeout(TRIAL_WAIT):
                await trial.acquire()
        except TimeoutError:
            raise Unavailable("host_away") from None
        try:
            yield
        finally:
            trial.release()
            self.back()

    async def _ask(self, target: Host, question: Question, send: Callable[[], None], *, trial: bool = False) -> Reply:
        await self.ollama.wait_for_turn(target)
        began = monotonic()
        closed = self.health.breaker(target).state(began) is BreakerState.CLOSED
        untried = self._is_on_probation(target, question.model) and not trial
        if not closed or untried or question.model in self._lacking[target.name]:
            raise Unavailable("host_away")  # not its reason: after a time-out the server may be reading, here it is not
        send()
        try:
            reply = await self.ollama.ask(target, question, self._layout(target, question.model), waited=True)
        except Failure as failure:
            if failure.reason == "timeout":
                self._doubt_fusing(target.name, question, failure)
            failure = await self._judge(target, question.model, failure)
            if trial and isinstance(failure, Unavailable):
                failure.pause = STEP_ASIDE  # else a medium over which its host always fails would be each trial
            self._note(target, question.model, failure, began)
            raise failure from failure.__cause__
        self._note(target, question.model, None, began)
        return reply

    def _doubt_fusing(self, host: str, question: Question, failure: Failure) -> None:
        """One that does not answer several jobs in time is asked one by one, unless nobody is answered so either."""
        pair = (host, question.model)
        if not question.is_fused:
            if isinstance(failure, Unavailable):
                self._apart.discard(pair)
        elif pair not in self._apart:
            self._apart.add(pair)
            log.warning("host.too_slow_for_fused", host=host)

    async def _judge(self, host: Host, model: str, failure: Failure) -> Failure:
        """The failure, or that the host is away where its runner crashes over anything: then no job is to blame."""
        if failure.reason != CRASHED:
            return failure
        fault = await self._controls.find_fault(host, model, self._layout(host, model))
        return Unavailable(fault, failure.detail) if fault else failure

    def _note(self, host: Host, model: str, failure: Failure | None, began: float | None = None) -> None:
        """What is wrong with one model of several keeps nobody from asking the host for the others."""
        if failure is None or isinstance(failure, BadAnswer | Invalid):
            self._crashed.discard((host.name, model))
        if isinstance(failure, Unavailable) and failure.reason in MODEL_REASONS and len(self.models) > 1:
            if failure.reason == CRASHED:  # a look that finds it in the list says nothing about that
                self._crashed.add((host.name, model))
            self._note_lacking(host, {**self._lacking[host.name], model: failure.reason})
        else:
            self.health.record(host, failure, monotonic(), began)

    def recipe(self, host: str, stage: Stage[Any], question: Question) -> str:
        """The digest of all that shapes an answer of this host."""
        target = self._by_name[host]
        report, layout = self.ollama.last_report(target, question.model), self._layout(target, question.model)
        return recipe(stage, question, report.digest if report else None, self.ollama.options, layout)

    def fuses(self, host: str, model: str) -> bool:
        """Whether this host is to answer the due jobs of a picture in one call."""
        manner = self._manner(self._by_name[host], model)
        return manner is not None and manner.fuses and (host, model) not in self._apart

    def _manner(self, host: Host, model: str) -> Manner | None:
        return self.manners.of(host, model) if self.manners else Manner(self.ollama.options.usual_layout)

    def _layout(self, host: Host, model: str) -> Layout | None:
        manner = self._manner(host, model)
        return manner.layout if manner else None

    async def run(self, stop: asyncio.Event) -> None:
        """Probe hosts that are away until `stop` is set."""
        try:
            while not stop.is_set():
                self.pulse.beat(self.poll)
                await self._look_around()
                await asyncio.sleep(self.poll)
        finally:
            if self.manners:
                await self.manners.stop()

    async def _look_around(self) -> None:
        """At once: one that hangs must not keep another from being found."""
        now = monotonic()
        there = self.health.available(now)
        lacking = [
            host for host in there if self._lacking[host.name] and now >= self._looked_at[host.name] + LOOK_AGAIN
        ]
        await asyncio.gather(*map(self._look_at, [*self.health.due_probes(now), *lacking]))
        if self.manners:
            for host in self.health.available(monotonic()):
                for model in self.models:
                    if model not in self._lacking[host.name]:
                        self.manners.learn(host, model)

    async def _look_at(self, host: Host) -> HostReport:
        was_away = host not in self.health.available(monotonic())
        reports = await asyncio.gather(*(self.ollama.inspect_host(host, model) for model in self.models))
        report = next((report for report in reports if report.problem is None), reports[0])
        self.health.record(host, report.problem, monotonic())
        if report.problem is not None:
            log.warning("host.away", host=host.name, reason=report.problem.reason)
            self._apart = {pair for pair in self._apart if pair[0] != host.name}  # it was not for the fused call
            return report
        if any(one.one_at_a_time for one in reports) and host.slots > 1:
            log.warning("host.one_at_a_time", host=host.name, slots=host.slots)
        found = zip(self.models, reports, strict=True)
        self._note_lacking(host, {model: one.problem.reason for model, one in found if one.problem is not None})
        if was_away:
            log.info("host.back", host=host.name, version=report.version)
            self.back()
        return report

    def _note_lacking(self, host: Host, models: dict[str, str]) -> None:
        """Ask the host for the others; each with why. It is looked at again after a while."""
        before, self._lacking[host.name] = self._lacking[host.name], models
        self._looked_at[host.name] = monotonic()
        if models != before:
            log.warning("host.models_changed", host=host.name, lacking=sorted(models))
            self.back()
