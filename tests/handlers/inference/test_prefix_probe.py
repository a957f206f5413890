"""Finding out what a server reuses: which layouts are tried, and what is made of refusals."""

import pytest

from handlers.failures import Failure, Unavailable
from handlers.inference.client import Question, Reply
from handlers.inference.options import Layout
from handlers.inference.prefix_probe import Probed, draw, probe
from handlers.inference.refusals import failure_of_status

B, C, G = Layout.TWO_USER_TURNS, Layout.READY_BETWEEN, Layout.GENERATE


def _reply(prompt_ms: float) -> Reply:
    return Reply("{}", "eye", "host:1", 10, 5, 0.0, prompt_ms, 2.0, 3.0)


class Server:
    """Answers with these ratios of prompt times, or refuses, by layout."""

    def __init__(self, ratios: dict[Layout, float | Failure]) -> None:
        self.ratios, self.asked = ratios, list[tuple[Layout, bytes | None]]()

    async def ask(self, question: Question, layout: Layout) -> Reply:
        ratio = self.ratios[layout]
        if isinstance(ratio, Failure):
            raise ratio
        first = (layout, question.rendition) not in self.asked
        self.asked.append((layout, question.rendition))
        return _reply(100.0 if first else 100.0 * ratio)


@pytest.mark.parametrize(
    ("ratios", "found"),
    [
        ({B: 0.05, C: 0.01, G: 0.01}, Probed(B, 0.05)),
        ({B: 1.0, C: 0.05, G: 0.01}, Probed(C, 0.05)),
        ({B: 1.0, C: 0.97, G: 0.98}, Probed(C, 0.97)),
        ({B: failure_of_status(400, b""), C: 0.05, G: 0.05}, Probed(C, 0.05)),
        ({B: 1.0, C: 1.0, G: failure_of_status(404, b"")}, Probed(B, 1.0)),
    ],
)
async def test_the_first_layout_that_is_rewarded_else_the_best(
    ratios: dict[Layout, float | Failure], found: Probed
) -> None:
    """A proxy may leave `/api/generate` closed: what was measured until then counts."""
    assert await probe(Server(ratios).ask, "eye") == found


async def test_a_host_that_is_away_is_no_layout_that_is_refused() -> None:
    with pytest.raises(Unavailable):
        await probe(Server({B: Unavailable("unreachable")}).ask, "eye")
    with pytest.raises(Unavailable):
        await probe(Server({B: 1.0, C: Unavailable("unreachable")}).ask, "eye")


async def test_a_server_that_tells_no_times_cannot_be_measured() -> None:
    async def ask(_question: Question, _layout: Layout) -> Reply:
        return _reply(0.0)

    assert await probe(ask, "eye") is None


async def test_a_server_that_stood_still_during_a_first_question_rewards_nothing() -> None:
    """What is found is kept for good: one stall would have the picture read for each job from then on."""
    stalls = iter([0.0, 1000.0])

    async def ask(_question: Question, _layout: Layout) -> Reply:
        return _reply(800.0 + next(stalls, 0.0))

    assert await probe(ask, "eye") == Probed(B, 1.0)


async def test_a_reward_that_cannot_be_confirmed_is_none() -> None:
    times = iter([800.0, 1800.0, 800.0, 0.0])

    async def ask(_question: Question, _layout: Layout) -> Reply:
        return _reply(next(times, 800.0))

    assert await probe(ask, "eye") == Probed(C, 1.0)


def test_no_picture_is_drawn_twice() -> None:
    assert len({draw() for _ in range(5)}) == 5
