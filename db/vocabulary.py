"""The names of tags that are known, kept in memory and read again when there are more of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from contracts.tags import Vocabulary, fold_name
from db.pool import Connection
from db.queries import load

MAX_AGE = timedelta(minutes=5)
"""After this, all names are read again: tags that were renamed or deleted show no other way."""


@dataclass(frozen=True, slots=True)
class _Names:
    """What was read, up to which tag, at which version of the aliases, and when all of it was."""

    read_at: datetime
    last_tag_id: int = 0
    aliases_version: int = -1
    oldest: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)


@dataclass
class VocabularyCache:
    """One process's copy. Where several tags are spellings of one name, the oldest tag gives the spelling.

    An alias of a name for another spelling of itself says which spelling it is instead.
    """

    _names: _Names | None = None

    async def catch_up(self, connection: Connection) -> Vocabulary:
        """All names that are known now."""
        row = await connection.fetchrow(load("tags")["tags_extent"])
        return await self.read(connection, row["now"], row["last_tag_id"], row["aliases_version"])

    async def read(self, connection: Connection, now: datetime, last_tag_id: int, aliases_version: int) -> Vocabulary:
        """The names known at `now`, when the last tag and the version of the aliases are these."""
        names = self._names
        if names is None or now - names.read_at > MAX_AGE:
            names = _Names(now)
        fresh = names
        if last_tag_id > fresh.last_tag_id:
            rows = await connection.fetch(load("tags")["tags_names"], fresh.last_tag_id)
            oldest = {**_spell(reversed(rows)), **fresh.oldest}
            fresh = replace(fresh, oldest=oldest, last_tag_id=max((row["id"] for row in rows), default=last_tag_id))
        if aliases_version != fresh.aliases_version:
            rows = await connection.fetch(load("tags")["tags_aliases"])
            aliases = {row["key"]: row["name"] for row in rows}
            fresh = replace(fresh, aliases=aliases, aliases_version=aliases_version)
        if fresh is not names:
            fresh = replace(fresh, vocabulary=_put_together(fresh.oldest, fresh.aliases))
        self._names = fresh  # as a whole: of two tasks that read at once, what either found is complete in itself
        return fresh.vocabulary


def _spell(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Spellings by folded name, the last row's where there are several; a name of which nothing is left is none."""
    return {key: row["name"] for row in rows if (key := fold_name(row["name"]))}


def _put_together(oldest: Mapping[str, str], aliases: Mapping[str, str]) -> Vocabulary:
    chosen = {key: name for key, name in aliases.items() if fold_name(name) == key}
    return Vocabulary({**oldest, **chosen}, {key: name for key, name in aliases.items() if key not in chosen})
