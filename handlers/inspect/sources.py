"""All that references may lead to: media roots here, and stores elsewhere whose bytes are fetched."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from handlers.failures import Invalid
from handlers.inspect.places import Place, locate_below, read_scheme
from handlers.inspect.reasons import Reason
from handlers.inspect.references import MediaRoot


class Remote(Protocol):
    """Stores elsewhere that are reached in one way."""

    @property
    def stores(self) -> tuple[str, ...]:
        """The names of those that are known beforehand."""

    def locate(self, reference: str) -> Place:
        """Where the picture is; nothing is asked. Raises Invalid for what may not be reached."""

    async def fetch(self, place: Place, max_bytes: int) -> bytes:
        """The file's bytes, 1 to `max_bytes`. Raises Invalid, and Unavailable when the store is away."""

    async def check(self, store: str) -> None:
        """Raise Unavailable while the store is away."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Media roots by name, the one without a name being `""`, and remote stores by the scheme of their references."""

    roots: Mapping[str, MediaRoot]
    remotes: Mapping[str, Remote] = field(default_factory=dict)

    @property
    def stores(self) -> tuple[str, ...]:
        """The names of all that are known beforehand."""
        remotes = dict.fromkeys(self.remotes.values())
        return (*self.roots, *(store for remote in remotes for store in remote.stores))

    @property
    def has_others(self) -> bool:
        """Whether references may lead to stores that are not known beforehand."""
        return any(not remote.stores for remote in self.remotes.values())

    def locate(self, reference: str) -> Place:
        """Where the picture is; nothing is opened or asked. Raises Invalid."""
        scheme = read_scheme(reference)
        if scheme in self.remotes:
            return self.remotes[scheme].locate(reference)
        if scheme:
            raise Invalid(Reason.BAD_REFERENCE, f"{scheme}: references are off")
        return locate_below(reference, self.roots)

    def find_remote(self, place: Place) -> Remote | None:
        """How the place is reached; None for a file of this computer, which children read themselves."""
        return None if place.store in self.roots else self.remotes[read_scheme(place.store)]

    async def check(self, store: str) -> None:
        """Raise Unavailable while that store is away; a root without any file is, too."""
        if store in self.roots:
            await asyncio.to_thread(self.roots[store].check, expect_files=True)
        else:
            await self.remotes[read_scheme(store)].check(store)
