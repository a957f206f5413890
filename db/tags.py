"""A medium's tags: remembering what it carries, and giving it ours."""

from collections.abc import Iterable, Sequence

from contracts.facts import MediaFacts
from contracts.tags import WeightedTag
from db.pool import Connection
from db.queries import load

SOURCE = "ollama_tags_normalize"
"""What `media_tags.source` says of ours."""


async def see(connection: Connection, media_ids: Iterable[int]) -> None:
    """Remember the tags that these media carry now, whoever gave them."""
    await connection.execute(load("tags")["tags_see"], sorted(media_ids))


async def put(connection: Connection, facts: MediaFacts, tags: Sequence[WeightedTag], run_id: int) -> None:
    """Make these the tags that the medium has from us. Whether it may be is decided in each writing statement (P17)."""
    sql = load("tags")
    ordered = sorted(tags, key=lambda tag: tag.name)
    names = [tag.name for tag in ordered]
    columns = names, [tag.confidence for tag in ordered], [tag.weight for tag in ordered]
    await connection.execute(sql["tags_drop"], facts.media_id, names)
    await connection.execute(sql["tags_weigh"], facts.media_id, *columns, run_id, facts.content_hash)
    await connection.execute(sql["tags_create"], names)
    await connection.execute(sql["tags_add"], facts.media_id, *columns, run_id, facts.content_hash, SOURCE)
