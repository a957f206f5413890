"""What a medium's tags are once what a model named is made one with what it carries."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from contracts.tags import Vocabulary, fold_name
from handlers.tags.junk import is_echo, is_junk
from handlers.tags.naming import Naming
from handlers.tags.rules import TagRules
from handlers.tags.support import Support

Level = Literal["main", "other", "unsure"]
LEVELS: Final[tuple[Level, ...]] = ("main", "other", "unsure")
"""The strongest first."""
CONFIDENCES: Final = {"main": 0.75, "other": 0.5, "unsure": 0.25}
WEIGHTS: Final = {"main": 1.0, "other": 0.5, "unsure": 0.25}
LEAST_CONFIDENCE: Final = 0.5
"""A tag below it is not given to the medium: it was named as unsure, and no text speaks of it."""


@dataclass(frozen=True, slots=True)
class Named:
    """A tag as a model named it."""

    name: str
    level: Level


@dataclass(frozen=True, slots=True)
class Normal:
    """A tag to give: its canonical name, the strongest level it was named with, and its figures.

    confidence = c + supported * (1 - c) / 2 with c = 0.75, 0.5, 0.25 for main, other, unsure; weight = 1, 0.5, 0.25.
    All of them are exact in PostgreSQL's `real`.
    """

    name: str
    level: Level
    supported: bool

    @property
    def confidence(self) -> float:
        """How sure it is that the tag is right, 0 to 1."""
        least = CONFIDENCES[self.level]
        return least + (1 - least) / 2 if self.supported else least

    @property
    def weight(self) -> float:
        """How much the medium is about it, 0 to 1."""
        return WEIGHTS[self.level]

    @property
    def order(self) -> tuple[float, float, str, str]:
        """The surest first."""
        return -self.confidence, -self.weight, fold_name(self.name), self.name


@dataclass(frozen=True)
class Normalizer:
    """The engine for one medium: deterministic, and the same for any order of the names.

    `carried` are names of others' tags on the medium, `removed` of those that somebody took away, `texts` what is
    written about it, `instructions` the folded words of what the model was told.
    """

    vocabulary: Vocabulary
    language: str
    rules: TagRules = field(default_factory=TagRules)
    carried: tuple[str, ...] = ()
    removed: AbstractSet[str] = frozenset()
    texts: tuple[str, ...] = ()
    instructions: AbstractSet[str] = frozenset()

    def normalize(self, named: Iterable[Named]) -> tuple[Normal, ...]:
        """The tags to give beside those it carries, the surest first. Normalising them again changes nothing.

        Never: a reserved, junk or removed name, an echo of the instructions, one the medium carries in another form,
        or more than its room.
        """
        usable = [tag for tag in named if self.is_usable(tag.name)]
        canonical = self.naming.unify([*(tag.name for tag in usable), *self.carried])
        strongest: dict[str, Level] = {}
        for tag in sorted(usable, key=lambda tag: LEVELS.index(tag.level)):
            strongest.setdefault(canonical[tag.name], tag.level)
        normal = (Normal(name, level, self._support.has(name)) for name, level in strongest.items())
        given = [tag for tag in normal if tag.confidence >= LEAST_CONFIDENCE and self._is_free(tag.name)]
        return tuple(sorted(given, key=lambda tag: tag.order))[: self.room]

    def is_usable(self, name: str) -> bool:
        """Whether the name, and what it stands for, could be a tag on any medium with these texts."""
        forms = (name, self.naming.find(name) or name)
        return not any(self.rules.is_reserved(form) or is_junk(form) or self._is_echo(form) for form in forms)

    def is_supported(self, name: str) -> bool:
        """Whether what is written about the medium speaks of it."""
        return self._support.has(name)

    @property
    def room(self) -> int:
        """How many tags there may be beside those it carries."""
        return max(0, self.rules.most - len(set(self.distinct.values())))

    @cached_property
    def naming(self) -> Naming:
        """The library's names."""
        return Naming(self.vocabulary, self.language)

    @cached_property
    def distinct(self) -> dict[str, str]:
        """The carried names' canonical ones."""
        return self.naming.unify(self.carried)

    def _is_free(self, name: str) -> bool:
        return self.is_usable(name) and self._taken.isdisjoint(self.naming.marks(name))

    def _is_echo(self, name: str) -> bool:
        return is_echo(name, self.instructions) and not self._support.has(name)

    @cached_property
    def _taken(self) -> frozenset[str]:
        return frozenset().union(*map(self.naming.marks, (*self.removed, *self.carried)))

    @cached_property
    def _support(self) -> Support:
        return Support(self.texts, self.language)
