"""Whose fault a crash of the model's runner is: the host's, if a picture that no job has a part in crashes it, too."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from time import monotonic

import structlog

from handlers.failures import BadAnswer, Failure, Invalid
from handlers.inference.client import Ollama
from handlers.inference.hosts import Host
from handlers.inference.options import Layout
from handlers.inference.prefix_probe import make_control
from handlers.inference.refusals import CRASHED

log = structlog.get_logger("bildwerk.consumers.control_questions")


TRIES = 2
"""So many in a row have to crash before the host is blamed: the crash that is looked into may take the first along."""


@dataclass(frozen=True, slots=True)
class _Ending:
    """Why a control question was not answered (None: it was), and when, in seconds of the monotonic clock."""

    asked: float
    ended: float
    reason: str | None

    def tells_of(self, crashed: float) -> bool:
        return crashed < (self.asked if self.reason else self.ended)


@dataclass
class ControlQuestions:
    """Asks hosts control questions, one at a time each, in the slot of whoever crashed there.

    Those that crashed together share one: an answer counts for all that crashed before it came. Another crash may have
    taken a question along, so that it went unanswered counts only for those that crashed before it was asked.
    """

    ollama: Ollama
    _turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock), init=False)
    _last: dict[tuple[str, str], _Ending] = field(default_factory=dict, init=False)

    async def find_fault(self, host: Host, model: str, layout: Layout | None) -> str | None:
        """Why the host is to blame for a crash just now: it does not answer a control question either.

        After a time-out the server may be reading the question still: then that is the reason.
        """
        crashed, pair = monotonic(), (host.name, model)
        async with self._turns[host.name]:
            last = self._last.get(pair)
            if last is None or not last.tells_of(crashed):
                last = self._last[pair] = await self._ask(host, model, layout)
        return last.reason if last.reason in (None, "timeout") else CRASHED

    async def _ask(self, host: Host, model: str, layout: Layout | None) -> _Ending:
        control = make_control(model, shown=model not in self.ollama.options.textual)
        for _ in range(TRIES):
            asked, reason = monotonic(), None
            try:
                await self.ollama.ask(host, control, layout, probe=True)
            except (BadAnswer, Invalid):
                pass  # it is an answer
            except Failure as failure:
                reason = failure.reason
            if reason != CRASHED:
                break
        if reason:
            log.warning("host.crashes", host=host.name, reason=reason)
        return _Ending(asked, monotonic(), reason)
