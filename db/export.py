"""Which media are exported, page by page, and what our fields were written in."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from db.pool import Connection
from db.queries import load
from db.text import like_pattern


@dataclass(frozen=True, slots=True)
class Wanted:
    """Media known to us: of `ids` (None: of all) those whose path is like `glob` and that changed `since` then."""

    ids: tuple[int, ...] | None = None
    glob: str | None = None
    since: datetime | None = None


async def find_page(connection: Connection, wanted: Wanted, after: int, limit: int) -> list[int]:
    """Up to `limit` ids above `after`, in order."""
    ids = None if wanted.ids is None else list(wanted.ids)
    pattern = None if wanted.glob is None else like_pattern(wanted.glob)
    rows = await connection.fetch(load("export")["export_page"], after, limit, ids, pattern, wanted.since)
    return [row["id"] for row in rows]


async def read_languages(connection: Connection, media_ids: Sequence[int]) -> Mapping[int, Mapping[str, str]]:
    """By medium and field of ours the language that it was asked for in, where that is known."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for row in await connection.fetch(load("export")["export_languages"], list(media_ids)):
        found[row["media_id"]][row["field"]] = row["language"]
    return found
