"""The names of tags that are known, kept in memory and read again when there are more of them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.tags import Vocabulary, fold_name
from db.pool import Connection
from db.queries import load

MAX_AGE = timedelta(minutes=5)
"""After this, all names are read again: tags that were renamed or deleted show no other way."""


@dataclass
class VocabularyCache:
    """One process's copy. Where several tags are spellings of one name, the oldest tag gives the spelling."""

    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    last_tag_id: int = 0
    aliases_version: int = -1
    read_at: datetime | None = None

    async def read(self, connection: Connection, now: datetime, last_tag_id: int, aliases_version: int) -> Vocabulary:
        """The names known at `now`, when the last tag and the version of the aliases are these."""
        if self.read_at is None or now - self.read_at > MAX_AGE:
            self.vocabulary, self.last_tag_id, self.aliases_version = Vocabulary(), 0, -1
            self.read_at = now
        spellings, aliases = self.vocabulary.spellings, self.vocabulary.aliases
        if last_tag_id > self.last_tag_id:
            rows = await connection.fetch(load("tags")["tags_names"], self.last_tag_id)
            spellings = {**{fold_name(row["name"]): row["name"] for row in reversed(rows)}, **spellings}
            self.last_tag_id = max(row["id"] for row in rows) if rows else last_tag_id
        if aliases_version != self.aliases_version:
            rows = await connection.fetch(load("tags")["tags_aliases"])
            aliases, self.aliases_version = {row["key"]: row["name"] for row in rows}, aliases_version
        if (spellings, aliases) != (self.vocabulary.spellings, self.vocabulary.aliases):
            self.vocabulary = Vocabulary(spellings, aliases)
        return self.vocabulary
