"""Whose fault a crash of the model's runner is: the host's, if a picture that no job has a part in crashes it, too."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from time import monotonic

import structlog

from handlers.failures import BadAnswer, Failure, Invalid, Unavailable
from handlers.inference.client import Ollama
from handlers.inference.hosts import Host
from handlers.inference.options import Layout
from handlers.inference.prefix_probe import make_control
from handlers.inference.refusals import CRASHED

log = structlog.get_logger("bildwerk.consumers.control_questions")


@dataclass(frozen=True, slots=True)
class _Ending:
    """What came of a control question (None: an answer; else reason and detail), and when, by the monotonic clock."""

    asked: float
    ended: float
    fault: tuple[str, str] | None

    def tells_of(self, crashed: float) -> bool:
        return crashed < (self.asked if self.fault else self.ended)


@dataclass
class ControlQuestions:
    """Asks hosts control questions, one at a time each, in the slot of whoever crashed there.

    Those that crashed together share one: an answer counts for all that crashed before it came. Another crash may have
    taken a question along, so that it went unanswered counts only for those that crashed before it was asked.
    """

    ollama: Ollama
    _turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock), init=False)
    _last: dict[tuple[str, str], _Ending] = field(default_factory=dict, init=False)

    async def find_fault(self, host: Host, model: str, layout: Layout | None) -> Unavailable | None:
        """The host's fault in a crash just now, if it does not answer a control question either."""
        crashed, pair = monotonic(), (host.name, model)
        async with self._turns[host.name]:
            last = self._last.get(pair)
            if last is None or not last.tells_of(crashed):
                asked, fault = monotonic(), await self._ask(host, model, layout)
                last = self._last[pair] = _Ending(asked, monotonic(), fault)
        return Unavailable(*last.fault) if last.fault else None

    async def _ask(self, host: Host, model: str, layout: Layout | None) -> tuple[str, str] | None:
        control = make_control(model, shown=model not in self.ollama.options.textual)
        try:
            await self.ollama.ask(host, control, layout, probe=True)
        except (BadAnswer, Invalid):
            return None
        except Failure as failure:
            log.warning("host.crashes", host=host.name, reason=failure.reason)
            # After a time-out the server may be reading the question still: its slot is not to be free at once.
            return "timeout" if failure.reason == "timeout" else CRASHED, failure.detail
        return None
