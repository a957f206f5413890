"""One axis of a score, and the rule that combines what a model says with what is computed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from handlers.scores.anchors import ANCHORS, Level

DIGITS = 3


@dataclass(frozen=True, slots=True)
class Computed:
    """What facts say about an axis: the score is at most `limit`, because of `inputs`.

    A limit is 0 to 1; None: the facts say nothing.
    """

    limit: float | None
    inputs: Mapping[str, JsonValue] = field(default_factory=dict)

    def to_json(self) -> dict[str, JsonValue]:
        """The inputs with their values, and the limit they set."""
        return {**self.inputs, "limit": self.limit}


@dataclass(frozen=True, slots=True)
class Score:
    """One axis: a score from 0 to 1 or None, the model's level and its reason.

    `computed` is None where nothing is.
    """

    score: float | None
    level: str
    basis: str
    computed: Computed | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """The JSON object that stands in `ollama.scores`."""
        return {
            "score": self.score,
            "level": self.level,
            "basis": self.basis,
            "computed": None if self.computed is None else self.computed.to_json(),
        }


def weigh(level: Level, basis: str, computed: Computed | None = None) -> Score:
    """The level's anchor, or the limit where that is lower: facts never raise a score, a model never lifts a limit."""
    anchor = ANCHORS[level]
    if computed is None or computed.limit is None:
        return Score(anchor, level, basis, computed)
    return Score(round(min(anchor, computed.limit), DIGITS), level, basis, computed)
