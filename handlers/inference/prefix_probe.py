"""Finding out what a server and model reuse of a picture they have read: the second of two questions tells.

A sliding window or a recurrent model reuses nothing in any layout; others do, in the right one. How much is seen in
the times that the server gives for reading the prompt, so that waiting for a slot does not count.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import structlog
from PIL import Image
from pydantic import JsonValue

from handlers.failures import BadAnswer, Invalid, Unavailable
from handlers.inference.client import Question, Reply
from handlers.inference.options import Layout
from handlers.stage import Prompt

log = structlog.get_logger("bildwerk.handlers.probe")

REWARDING: Final = 0.5
"""A second question may cost this much of the first's prompt time; measured are 0.04 to 0.2 where pictures are reused,
0.93 and more where not."""
LAYOUTS: Final = (Layout.TWO_USER_TURNS, Layout.READY_BETWEEN, Layout.GENERATE)
CLOSED_PATHS: Final = frozenset({"not_ollama", "forbidden", "unauthorized", "redirected"})
"""Of a server that has answered in another layout: only `/api/generate` is closed there, by a proxy for instance."""
_SIDE, _GRAIN, _CONTRAST = 896, 56, 90
_COLOURS: Final = ("black", "blue", "green", "grey", "red", "white")

Ask = Callable[[Question, Layout], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Probed:
    """The layout that costs least, and what a later question costs in it: prompt time by that of the first."""

    layout: Layout
    ratio: float

    @property
    def rewarding(self) -> bool:
        """Whether asking job by job lets the server reuse the picture."""
        return self.ratio <= REWARDING


async def probe(ask: Ask, model: str, picture: Callable[[], bytes] | None = None) -> Probed | None:
    """The first layout that is rewarded, else the best of all; None when no layout could be measured.

    Each layout gets a picture (default: a made-up one) that the server has never seen, and a second one where it is
    rewarded: one question during which the server stood still must not be taken for a reward, for it is kept for good.
    A question before all others wakes a model that was just loaded, whose first reading takes longer. Raises Transient
    or Unavailable.
    """
    found: list[Probed] = []
    await _measure(ask, model, LAYOUTS[0], (picture or draw)(), questions=1)
    for layout in LAYOUTS:
        try:
            times = await _measure(ask, model, layout, (picture or draw)())
            if times and times.probed.rewarding:
                again = await _measure(ask, model, layout, (picture or draw)())
                times = again and times.least(again)
        except Unavailable as failure:
            if not found or failure.reason not in CLOSED_PATHS:
                raise
            log.info("probe.refused", layout=layout.value, reason=failure.reason)
            continue
        if times is None:
            continue
        found.append(times.probed)
        if found[-1].rewarding:
            break
    return min(found, key=lambda probed: probed.ratio, default=None)


def draw() -> bytes:
    """A picture of random spots, as JPEG; another one each time."""
    spots = Image.effect_noise((_GRAIN, _GRAIN), _CONTRAST)
    coloured = Image.merge("RGB", (spots, spots.rotate(90), spots.rotate(180)))
    data = BytesIO()
    coloured.resize((_SIDE, _SIDE), Image.Resampling.NEAREST).save(data, "JPEG", quality=85)
    return data.getvalue()


@dataclass(frozen=True, slots=True)
class _Times:
    """Prompt times of the first and the last question about a picture, in milliseconds."""

    layout: Layout
    first: float
    last: float

    @property
    def probed(self) -> Probed:
        return Probed(self.layout, self.last / self.first)

    def least(self, other: "_Times") -> "_Times":
        """The lesser of two: whatever a server does beside it makes a question longer, never shorter."""
        return _Times(self.layout, min(self.first, other.first), min(self.last, other.last))


async def _measure(ask: Ask, model: str, layout: Layout, picture: bytes, questions: int = 2) -> _Times | None:
    """What the questions about a picture cost; None: the server refuses, or gave no time."""
    try:
        asked = [await ask(question, layout) for question in _list_questions(model, picture)[:questions]]
    except (BadAnswer, Invalid) as failure:
        log.info("probe.refused", layout=layout.value, reason=failure.reason)
        return None
    return _Times(layout, asked[0].prompt_ms, asked[-1].prompt_ms) if asked[0].prompt_ms > 0 else None


def _list_questions(model: str, picture: bytes) -> Sequence[Question]:
    return [_question(model, picture, word) for word in ("most", "least")]


def make_control(model: str, *, shown: bool = True) -> Question:
    """A question that no job has a part in, about a made-up picture; without one where the model is `shown` none."""
    return _question(model, draw() if shown else None, "most")


def _question(model: str, picture: bytes | None, word: str) -> Question:
    schema: dict[str, JsonValue] = {
        "type": "object",
        "properties": {word: {"type": "string", "enum": list(_COLOURS)}},
        "required": [word],
        "additionalProperties": False,
    }
    task = f"{word}: which of these colours covers the {word} of the picture: {', '.join(_COLOURS)}?"
    return Question(model, Prompt(task, 64), "en", picture, schema, 0, "probe")
