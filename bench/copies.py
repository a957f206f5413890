"""Large libraries: what the service made of some pictures, copied, with paths, hashes and fingerprints of their own."""

from collections.abc import Iterator, Mapping, Sequence

import orjson

from db.facts import Snapshot
from db.pool import Connection
from handlers.plan import take_fingerprint
from handlers.runner.planning import Planner

CHUNK = 100_000
TABLES = (
    "public.media",
    "public.media_meta",
    "public.media_tags",
    "public.media_lifecycle_events",
    "bildwerk.pictures",
    "bildwerk.media",
    "bildwerk.jobs",
    "bildwerk.written",
    "bildwerk.tag_links",
    "bildwerk.runs",
)
"""What holds rows of a medium; the platform's own rows come first, ours are made from them."""
COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity <> 'a'
    AND (attname <> 'id' OR attrelid <> 'public.media_lifecycle_events'::regclass)
"""
OTHERS: Mapping[str, str] = {
    "id": "s.id + g * $1",
    "media_id": "s.media_id + g * $1",
    "path": "g || '/' || s.path",
    "hash": "md5(s.hash || g)",
    "platform_hash": "md5(s.platform_hash || g)",
    "content_hash": "encode(sha256((s.content_hash || g)::bytea), 'hex')",
    "pixel_hash": "encode(sha256((s.pixel_hash || g)::bytea), 'hex')",
    "run_at": "s.run_at + g * interval '1 ms'",
    "seek_at": "NULL::timestamptz",
    "inspected_mark": """(
        SELECT bildwerk.source_mark(p.path, p.updated_at, p.hash) FROM public.media AS p WHERE p.id = s.id + g * $1
    )""",
    "fingerprint": """(
        SELECT left(encode(sha256(convert_to(
            d.head || encode(sha256((d.content_hash || g)::bytea), 'hex') || d.tail, 'UTF8'
        )), 'hex'), 32)
        FROM documents AS d WHERE d.media_id = s.media_id AND d.job_type = s.job_type
    )""",
}
"""What a copy has of its own: `g` is its number, and there are $1 originals, the media from 1."""
DOCUMENTS = "CREATE TEMPORARY TABLE documents (media_id bigint, job_type text, content_hash text, head text, tail text)"
FINGERPRINTS = "SELECT media_id, job_type, fingerprint FROM bildwerk.jobs WHERE media_id = ANY($1::bigint[])"
CHECKED = 50


async def multiply(
    connection: Connection, planner: Planner, originals: int, media: range, tables: Sequence[str] = TABLES
) -> None:
    """Make media of these ids (whole copies) of the first ones; planning a copy comes to what its original does."""
    await connection.execute("SET session_replication_role = replica")  # the references are right
    await connection.execute(DOCUMENTS)
    snapshots = await planner.load(connection, range(1, originals + 1))
    await connection.copy_records_to_table("documents", records=list(_list_documents(planner, snapshots)))
    copies, step = range(media.start // originals, (media.stop - 1) // originals), max(1, CHUNK // originals)
    for start in range(copies.start, copies.stop, step):
        for table in tables:
            await _copy(connection, table, originals, range(start, min(start + step, copies.stop)))
    await connection.execute("RESET session_replication_role")
    await connection.execute("DROP TABLE documents")
    await connection.execute("VACUUM ANALYZE")  # as autovacuum would have by then
    await connection.execute("CHECKPOINT")
    if {"public.media", "bildwerk.pictures", "bildwerk.jobs"} <= {*tables}:
        await _check(connection, planner, media[-CHECKED:])


async def _copy(connection: Connection, table: str, originals: int, copies: range) -> None:
    names = [row["attname"] for row in await connection.fetch(COLUMNS, table)]
    values = ", ".join(OTHERS.get(name, f"s.{name}") for name in names)
    original = "s.content_hash IN (SELECT d.content_hash FROM documents AS d)"
    if table != "bildwerk.pictures":
        original = "s.media_id <= $1" if "media_id" in names else "s.id <= $1"
    await connection.execute(
        f"INSERT INTO {table} ({', '.join(names)})"  # noqa: S608 - names of the catalogue
        f" SELECT {values} FROM (SELECT $1::bigint) AS n, generate_series($2::bigint, $3::bigint) AS g, {table} AS s"
        f" WHERE {original}",
        originals,
        copies[0],
        copies[-1],
    )


def _list_documents(planner: Planner, snapshots: Sequence[Snapshot]) -> Iterator[tuple[int, str, str, str, str]]:
    """What fingerprints are made of, before and after the content hash."""
    for snapshot in snapshots:
        facts = snapshot.facts
        assert facts.content_hash is not None
        for stage in planner.chain.stages:
            triggers = stage.triggers(facts)
            document = orjson.dumps([stage.job_type, facts.content_hash, triggers], option=orjson.OPT_SORT_KEYS)
            head, found, tail = document.decode().partition(facts.content_hash)
            assert found
            assert facts.content_hash not in tail
            yield facts.media_id, stage.job_type, facts.content_hash, head, tail


async def _check(connection: Connection, planner: Planner, media_ids: range) -> None:
    """The fingerprints are those that planning takes."""
    rows = await connection.fetch(FINGERPRINTS, media_ids)
    kept = {(row["media_id"], row["job_type"]): row["fingerprint"] for row in rows}
    for snapshot in await planner.load(connection, media_ids):
        for stage in planner.chain.stages:
            assert take_fingerprint(stage, snapshot.facts) == kept[snapshot.facts.media_id, stage.job_type]
