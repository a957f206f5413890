"""A medium's tags: remembering what it carries, and giving it ours."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from contracts.facts import MediaFacts
from contracts.tags import WeightedTag, fold_name
from db.pool import Connection
from db.queries import load

SOURCE = "ollama_tags_normalize"
"""What `media_tags.source` says of ours."""


async def see(connection: Connection, media_ids: Iterable[int]) -> None:
    """Remember the tags that these media carry now, whoever gave them; media unknown to us are passed over."""
    await connection.execute(load("tags")["tags_see"], sorted(media_ids))


async def put(connection: Connection, facts: MediaFacts, tags: Sequence[WeightedTag], run_id: int) -> None:
    """Make these the tags that the medium has from us. Whether it may be is decided in each writing statement (P17).

    A name whose tag was merged into another counts as the other's. Under the medium's lock.
    """
    sql = load("tags")
    await see(connection, [facts.media_id])
    ordered = await _follow_merges(connection, await _agree_on_spellings(connection, tags))
    names = [tag.name for tag in ordered]
    columns = names, [tag.confidence for tag in ordered], [tag.weight for tag in ordered]
    written = facts.media_id, *columns, run_id, facts.content_hash, SOURCE
    await connection.execute(sql["tags_drop"], facts.media_id, names, SOURCE)
    await connection.execute(sql["tags_weigh"], *written)
    await connection.execute(sql["tags_create"], facts.media_id, names)
    await connection.execute(sql["tags_add"], *written)


async def _agree_on_spellings(connection: Connection, tags: Sequence[WeightedTag]) -> list[WeightedTag]:
    """New names as whoever was first spelled them: two workers may meet with two spellings of one."""
    sql = load("tags")
    columns = [fold_name(tag.name) for tag in tags], [tag.name for tag in tags]
    await connection.execute(sql["tags_claim_spellings"], *columns)
    spelled = {row["wanted"]: row["name"] for row in await connection.fetch(sql["tags_agree_on_spellings"], *columns)}
    return [replace(tag, name=spelled.get(tag.name, tag.name)) for tag in tags]


async def _follow_merges(connection: Connection, tags: Sequence[WeightedTag]) -> list[WeightedTag]:
    """By name, each once: of several that have become one, the surest."""
    sql = load("tags")
    await connection.execute(sql["tags_hold_merges"])
    rows = await connection.fetch(sql["tags_follow_merges"], [tag.name for tag in tags])
    now = {row["wanted"]: row["name"] for row in rows}
    named = (replace(tag, name=now.get(tag.name, tag.name)) for tag in tags)
    surest = {tag.name: tag for tag in sorted(named, key=lambda tag: (tag.confidence, tag.weight))}
    return sorted(surest.values(), key=lambda tag: tag.name)
