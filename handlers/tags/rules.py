"""What a library wants of its tags."""

from dataclasses import dataclass
from typing import Final

from contracts.tags import fold_name

RESERVED: Final = ("bildwerk:", "ollama:", "scan:", "system:")


@dataclass(frozen=True, slots=True)
class TagRules:
    """When a medium needs tags, and how many it gets.

    Fewer than `minimum` distinct tags are too few; an inconsistency (`handlers.tags.consistency`, 0 to 1) above
    `inconsistency` is too much. A medium that carries `most` tags gets no more. Tags that begin with one of `reserved`
    belong to programs: they are never given, counted, shown to a model or touched.
    """

    minimum: int = 5
    inconsistency: float = 0.4
    most: int = 20
    reserved: tuple[str, ...] = RESERVED

    def is_reserved(self, name: str) -> bool:
        """Whether the name stands in a reserved name space, however it is spelled."""
        key = _join_colons(fold_name(name))
        return any(key.startswith(_fold_prefix(prefix)) for prefix in self.reserved if prefix.strip())


def _fold_prefix(prefix: str) -> str:
    """The prefix as it begins folded names: its own edge is none of a name's."""
    return _join_colons(fold_name(f"{prefix}x"))[:-1]


def _join_colons(key: str) -> str:
    return ":".join(part.strip() for part in key.split(":"))
