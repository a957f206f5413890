"""What a comparison is: variants measured in turn, round after round, so that a noisy machine is noisy for all."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Round: TypeAlias = Mapping[str, Mapping[str, float]]
"""One figure per variant and table, by the table's key and the variant's name."""


@dataclass(frozen=True, slots=True)
class Table:
    """One quantity of several variants. With a `baseline`, each round's ratios to that variant are shown too.

    `goal` is what is to be reached: drawn, and said in the title.
    """

    title: str
    unit: str
    baseline: str | None = None
    goal: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure. `folder` is empty and thrown away afterwards; `quick` only shows that everything runs.

    `ollama` (as in OLLAMA_HOST) and `model` name a real server; empty: none is asked. `first` rounds were measured
    before, and these are added to them.
    """

    rounds: int
    folder: Path
    quick: bool = False
    ollama: str = ""
    model: str = ""
    first: int = 0

    @property
    def numbers(self) -> range:
        """The numbers of the rounds: what is drawn in a round, and whose turn is first, follows from its number."""
        return range(self.first, self.first + self.rounds)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question to this machine. `simulated` says that a simulated Ollama stands in for a model."""

    name: str
    about: str
    tables: Mapping[str, Table]
    measure: Callable[[Plan], AsyncGenerator[Round, None]]
    simulated: bool = False


def take_turns(variants: Sequence[T], number: int) -> Sequence[T]:
    """The variants in another order each round: none of them is always the first."""
    turn = number % len(variants)
    return [*variants[turn:], *variants[:turn]]
