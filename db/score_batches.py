"""Which media somebody asked to be scored, and under which name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from db.pool import Connection
from db.queries import load
from db.text import like_pattern


@dataclass(frozen=True, slots=True)
class Selection:
    """Which media are meant: of `ids` (None: of all) those whose path is like `glob`, `missing`: without scores only.

    In a glob `*` stands for any text, slashes included, and `?` for one character.
    """

    ids: tuple[int, ...] | None = None
    glob: str | None = None
    missing: bool = False


async def join(connection: Connection, members: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Put (media id, batch) pairs where they are not yet; the new ones are returned. Under the media's locks."""
    pairs = sorted(set(members))
    if not pairs:
        return set()
    ids, batches = [media_id for media_id, _ in pairs], [batch for _, batch in pairs]
    rows = await connection.fetch(load("score_batches")["score_batches_join"], ids, batches)
    return {(row["media_id"], row["batch"]) for row in rows}


async def find_media(connection: Connection, wanted: Selection, after: int, limit: int) -> list[int]:
    """Up to `limit` ids above `after` that are meant, in order."""
    ids = None if wanted.ids is None else list(wanted.ids)
    pattern = None if wanted.glob is None else like_pattern(wanted.glob)
    rows = await connection.fetch(
        load("score_batches")["score_batches_find"], after, limit, ids, pattern, wanted.missing
    )
    return [row["id"] for row in rows]


async def count_members(connection: Connection, batch: str, media_ids: Sequence[int]) -> int:
    """How many of the media are in the batch."""
    return int(await connection.fetchval(load("score_batches")["score_batches_members"], batch, list(media_ids)))


async def count_jobs(connection: Connection, job_type: str, media_ids: Sequence[int]) -> Mapping[str, int]:
    """How many jobs of that type stand at which status, of these media."""
    rows = await connection.fetch(load("score_batches")["score_batches_jobs"], job_type, list(media_ids))
    return {row["status"]: row["number"] for row in rows}


async def list_batches(connection: Connection, media_id: int) -> tuple[str, ...]:
    """The batches of one medium, oldest first."""
    rows = await connection.fetch(load("score_batches")["score_batches_of"], media_id)
    return tuple(row["batch"] for row in rows)
