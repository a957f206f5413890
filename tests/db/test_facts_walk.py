"""Facts are what the tables say, read plainly: whatever stands in them, and whatever is changed.

The numbers of a failed walk are in the message: `WALK_SEED=7 pytest tests/db/test_facts_walk.py` repeats it.
"""

import os
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from contracts.facts import MediaFacts, Written
from db.pool import Connection
from db.tags import see
from tests.ledger import Ledger

MEDIA, ROUNDS, CHANGES, SEED = 40, 30, 40, 20_261_130
PIXELS: Final = ("f1", "f2", None)
VALUES: Final = (
    "null", "true", '""', '"A lake"', "0", "1", "1.0", "1.00", "1e2", "100", "1e400", "123456789012345678901234567890",
    "[]", "[1, 2]", "[1.0, 2]", "{}", '{"a": 1, "b": [2]}', '{"b": [2], "a": 1.0}', f'"{"long " * 1000}"',
    "[" * 63 + "]" * 63,
)  # fmt: skip
"""Some are equal and do not look it."""
DEEP: Final = ("[" * 64 + "]" * 64, '{"a": ' * 200 + "1" + "}" * 200)
"""Nobody's but the platform's."""
KEYS: Final = ("caption", "ollama.caption", "ollama.title", "title", "scan.nsfw", "scan.x", "elsewhere", "ollama.model")
TAGS: Final = ("boat", "lake", "tree")

PUT = """
INSERT INTO media_meta VALUES ($1, $2, $3::text::jsonb) ON CONFLICT (media_id, key) DO UPDATE SET value = excluded.value
"""
WRITE = """
INSERT INTO bildwerk.written (media_id, field, value, content_hash, run_id) VALUES ($1, $2, $3::text::jsonb, $4, 1)
ON CONFLICT (media_id, field) DO UPDATE SET value = excluded.value, content_hash = excluded.content_hash
"""
TAG = """
INSERT INTO media_tags (media_id, tag_id, confidence) SELECT $1, id, $3 FROM tags WHERE name = $2 ON CONFLICT DO NOTHING
"""
META = """
SELECT media_id, key, CASE WHEN value @? 'strict $.**{64}' THEN to_jsonb(value::text) ELSE value END AS value
FROM media_meta WHERE key = ANY($1::text[]) OR key LIKE 'scan.%'
"""
WRITTEN = "SELECT media_id, field, value, content_hash FROM bildwerk.written"
CARRIED = """
SELECT media_id, name, confidence FROM media_tags JOIN tags ON id = tag_id
ORDER BY media_id, confidence DESC NULLS LAST, name
"""
UNSEEN = """
SELECT DISTINCT media_id FROM media_tags AS l
WHERE NOT EXISTS (SELECT FROM bildwerk.tag_links AS b WHERE (b.media_id, b.tag_id) = (l.media_id, l.tag_id))
"""


async def change_values(connection: Connection, chance: random.Random) -> None:
    """What a platform, people or we may do to a value; what we write we mostly put where people see it, too."""
    media_id, key, value = chance.randint(1, MEDIA), chance.choice(KEYS), chance.choice(VALUES)
    what = chance.choice(("both", "both", "written", "there", "deep", "gone"))
    if what == "gone":
        await connection.execute("DELETE FROM media_meta WHERE media_id = $1 AND key = $2", media_id, key)
    if what in ("both", "there", "deep"):
        await connection.execute(PUT, media_id, key, chance.choice(DEEP) if what == "deep" else value)
    if what in ("both", "written"):
        await connection.execute(WRITE, media_id, key, value, chance.choice(PIXELS))


async def change_tags(connection: Connection, chance: random.Random) -> None:
    media_id = chance.randint(1, MEDIA)
    match chance.choice(("tag", "untag", "see")):
        case "tag":
            await connection.execute(TAG, media_id, chance.choice(TAGS), chance.choice((None, 0.25, 0.5)))
        case "untag":
            await connection.execute("DELETE FROM media_tags WHERE media_id = $1", media_id)
        case "see":
            await see(connection, [media_id])


async def read_plainly(connection: Connection, keys: Sequence[str]) -> dict[int, tuple[Any, ...]]:
    """Of each medium its values, what we wrote, its tags, and whether one of them is new to us."""
    meta, written, tags = defaultdict[int, Any](dict), defaultdict[int, Any](dict), defaultdict[int, Any](list)
    for row in await connection.fetch(META, list(keys)):
        meta[row["media_id"]][row["key"]] = row["value"]
    for row in await connection.fetch(WRITTEN):
        written[row["media_id"]][row["field"]] = Written(row["value"], row["content_hash"])
    for row in await connection.fetch(CARRIED):
        tags[row["media_id"]].append((row["name"], row["confidence"]))
    unseen = {row["media_id"] for row in await connection.fetch(UNSEEN)}
    return {m: (meta[m], written[m], tags[m], m in unseen) for m in range(1, MEDIA + 1)}


def tell(facts: MediaFacts, *, unseen: bool) -> tuple[Any, ...]:
    return facts.meta, facts.written, [(tag.name, tag.confidence) for tag in facts.tags], unseen


async def test_facts_are_what_the_tables_say(ledger: Ledger) -> None:
    seed = int(os.environ.get("WALK_SEED", SEED))
    chance, planner = random.Random(seed), ledger.planner
    async with ledger.pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO media (path) SELECT n || '.jpg' FROM generate_series(1, $1::int) n", MEDIA
        )
        await connection.execute("INSERT INTO bildwerk.media (id) SELECT id FROM media")
        await connection.execute("INSERT INTO tags (name) SELECT unnest($1::text[])", list(TAGS))
        for number in range(ROUNDS):
            async with connection.transaction():
                for _ in range(CHANGES):
                    await change_values(connection, chance)
                    await change_tags(connection, chance)
                plain = await read_plainly(connection, planner.chain.keys)
                snapshots = await planner.load(connection, range(1, MEDIA + 1))
            read = {s.facts.media_id: tell(s.facts, unseen=s.unseen_tags) for s in snapshots}
            assert read == plain, f"WALK_SEED={seed}, round {number}"
