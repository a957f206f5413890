"""Media out of the database, a page at a time: no transaction stays open, and memory holds one page."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from bildwerk.export.record import Record, read_record
from contracts.facts import PAIRS
from db import export
from db.export import Wanted
from db.facts import load_snapshots
from db.pool import Pool
from db.vocabulary import VocabularyCache

PAGE: Final = 200


async def read_pages(
    pool: Pool, keys: Sequence[str], wanted: Wanted, *, size: int = PAGE
) -> AsyncIterator[list[Record]]:
    """The media wanted, by ascending id; `keys` are the `media_meta` keys that stages know.

    Each page is what the library holds at that moment.
    """
    names, last = VocabularyCache(), 0
    known = [key for key in keys if key != PAIRS]
    while True:
        async with pool.acquire() as connection:
            ids = await export.find_page(connection, wanted, last, size)
            if not ids:
                return
            snapshots = await load_snapshots(connection, ids, known, "", names)
            languages = await export.read_languages(connection, ids)
        yield [
            read_record(snapshot.facts, languages.get(snapshot.facts.media_id, {}))
            for snapshot in snapshots
            if snapshot.facts.exists
        ]
        last = ids[-1]
