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

log = structlog.get_logger("bildwerk.consumers.control_questions")


@dataclass(frozen=True, slots=True)
class _Ending:
    """What came of a control question, and when (seconds of the monotonic clock)."""

    asked: float
    ended: float
    well: bool

    def tells_of(self, crashed: float) -> bool:
        return crashed < (self.ended if self.well else self.asked)


@dataclass
class ControlQuestions:
    """Asks hosts control questions, one at a time each, in the slot of whoever crashed there.

    Those that crashed together share one: an answer counts for all that crashed before it came. Another crash may have
    taken a question along, so that it went unanswered counts only for those that crashed before it was asked.
    """

    ollama: Ollama
    _turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock), init=False)
    _last: dict[tuple[str, str], _Ending] = field(default_factory=dict, init=False)

    async def blames(self, host: Host, model: str, layout: Layout | None) -> bool:
        """Whether a crash just now is the fault of the host: it does not answer a control question either."""
        crashed, pair = monotonic(), (host.name, model)
        async with self._turns[host.name]:
            last = self._last.get(pair)
            if last is None or not last.tells_of(crashed):
                asked, well = monotonic(), await self._is_answered(host, model, layout)
                last = self._last[pair] = _Ending(asked, monotonic(), well)
        return not last.well

    async def _is_answered(self, host: Host, model: str, layout: Layout | None) -> bool:
        control = make_control(model, shown=model not in self.ollama.options.textual)
        try:
            await self.ollama.ask(host, control, layout, probe=True)
        except (BadAnswer, Invalid):
            return True
        except Failure as failure:
            log.warning("host.crashes", host=host.name, reason=failure.reason)
            return False
        return True
