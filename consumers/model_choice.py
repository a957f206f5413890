"""Which model a host is to run next. Pure: decided from what the hosts run and who waits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from db.hosts import Standing


@dataclass(frozen=True, slots=True)
class SwapLimits:
    """How long a host keeps a model while others wait: for so many `media`, or so many `seconds`."""

    media: int = 50
    seconds: float = 300.0

    def reached(self, standing: Standing) -> bool:
        """Whether the model that a host runs has had its turn."""
        return standing.served >= self.media or standing.seconds >= self.seconds


def choose_model(
    standing: Standing,
    turns: Sequence[str],
    waiting: Collection[str],
    serves: Collection[str],
    elsewhere: Collection[str],
    limits: SwapLimits,
) -> str | None:
    """The model that the next medium at this host is for; None: nothing is to be begun there now.

    `turns` are all models in the order in which they take turns, `waiting` those that media are in line for, `serves`
    those that the host has, `elsewhere` those that other hosts run. A host keeps its model as long as anybody waits for
    it, and makes room after its turn for one that no other host runs. It swaps when nothing is under way there: until
    then it drains.
    """
    if standing.reserved or not standing.free:
        return None
    wanted = [model for model in turns if model in waiting and model in serves]
    others = [model for model in wanted if model != standing.model]
    neglected = [model for model in others if model not in elsewhere]
    if standing.model in wanted and not (neglected and limits.reached(standing)):
        return standing.model
    if not others or standing.busy:
        return None
    return _next_after(standing.model, neglected or others, turns)


def _next_after(model: str | None, candidates: Collection[str], turns: Sequence[str]) -> str:
    """The candidate whose turn it is after this model."""
    after = turns.index(model) + 1 if model is not None and model in turns else 0
    return next(candidate for candidate in (*turns[after:], *turns[:after]) if candidate in candidates)
