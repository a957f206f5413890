"""F30: what a claim, a reclaim, a heartbeat and the relay cost does not grow with the backlog. Plans, no times.

A new picture is compared with all others, in an index that holds no more of them than that takes.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio

from db.pool import Connection, Database, connect
from db.queries import keep_parts, load

ROWS: Final = 50_000
HOUR = timedelta(hours=1)
FILL = (
    "INSERT INTO bildwerk.media (id, due) SELECT n, '{ollama_caption}' FROM generate_series(1, 50000) AS n",
    "UPDATE bildwerk.media SET inspect_at = now() - id * interval '1 ms' WHERE id % 4 = 1",
    "UPDATE bildwerk.media SET owner = gen_random_uuid(), lease_no = 1, until = now() WHERE id % 50 = 0",
    "INSERT INTO bildwerk.outbox (aggregateid, type, topic, payload) SELECT id, 'a', 'a', '{}' FROM bildwerk.media",
    "INSERT INTO bildwerk.jobs (media_id, job_type, status) SELECT id, 'ollama_caption', 'due' FROM bildwerk.media",
    "INSERT INTO media (path) SELECT id::text FROM bildwerk.media",
    """
    INSERT INTO bildwerk.pictures (content_hash, phash, measures)
    SELECT n, n, jsonb_build_object('as', repeat('much as in life', 40)) FROM generate_series(1, 20000) AS n
    """,
    "VACUUM ANALYZE media, bildwerk.media, bildwerk.outbox, bildwerk.jobs, bildwerk.pictures",
)
MEDIA = [*range(50, 1_050, 50)]
JOBS = ["ollama_caption", "ollama_title", "ollama_quality"]
IN_LINE = ("media_oldest_in_line", "media_ready_in_line", "media_pkey")
FOR_NEXT = (uuid4(), HOUR, ["host:1"], [4], False)
STATEMENTS: Mapping[str, tuple[tuple[Any, ...], Sequence[str]]] = {
    "leases_claim": ((uuid4(), HOUR, False), ("media_leased", "media_oldest", "media_ready", "media_pkey")),
    "leases_claim_in_line": ((uuid4(), HOUR, False, JOBS), IN_LINE),
    "slots_claim_for_next of_all": (FOR_NEXT, ("media_leased", "media_oldest", "media_ready", "slots_pkey")),
    "slots_claim_for_next in_line": ((*FOR_NEXT, JOBS), (*IN_LINE[:2], "slots_pkey")),
    "leases_let_go": ((), ("media_leased", "media_pkey")),
    "hosts_waiting": ((JOBS,), ("media_oldest_in_line",)),
    "leases_look_ahead": ((4, 1), ("media_oldest", "media_ready", "media_pkey")),
    "leases_heartbeat": ((MEDIA, [1] * len(MEDIA), HOUR), ("media_pkey", "media_leased")),
    "leases_fence": ((50, 1), ("media_pkey",)),
    "outbox_list": ((500, []), ("outbox_pkey",)),
    "outbox_delete": ((MEDIA,), ("outbox_pkey",)),
    "inspections_claim": (
        (16, HOUR, 1, 2),
        ("media_uninspected", "media_uninspected_first", "media_pkey", "pictures_pkey"),
    ),
    "inspections_compare": (("7", 7), ("pictures_phash", "pictures_pkey", "uncompared_pkey")),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def backlog(stack: Any, template: str) -> str:
    """Return the URL of a database with a long backlog, made once for all statements."""
    place = stack.database_url.rpartition("/")[0]
    admin = await connect(Database(stack.database_url))
    await admin.execute(f"CREATE DATABASE long_backlog TEMPLATE {template}")
    await admin.close()
    url = f"{place}/long_backlog{stack.database_url.rpartition('/')[2].partition('?')[1]}"
    filling = await connect(Database(url, command_timeout=300.0))
    for statement in FILL:
        await filling.execute(statement)
    await filling.close()
    return url


@pytest_asyncio.fixture
async def connection(backlog: str) -> AsyncIterator[Connection]:
    opened = await connect(Database(backlog))
    yield opened
    await opened.close()


def walk(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All nodes of a plan."""
    yield node
    for child in node.get("Plans", ()):
        yield from walk(child)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_statement_of_every_second_walks_indexes_at_50_000_rows(
    connection: Connection, name: str, mode: str
) -> None:
    """F30: also under the generic plan that PostgreSQL takes after five times."""
    arguments, indexes = STATEMENTS[name]
    await connection.execute(f"SET plan_cache_mode = {mode}")
    statement, _, part = name.partition(" ")
    text = keep_parts(load(statement.partition("_")[0])[statement], [part])
    (row,) = await connection.fetch(f"EXPLAIN (FORMAT JSON) {text}", *arguments)
    nodes = list(walk(row[0][0]["Plan"]))
    assert [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"] == []
    used = {node["Index Name"] for node in nodes if "Index Name" in node}
    assert used <= {*indexes}
    assert not name.endswith("_claim") or used == {*indexes}, "reclaim and claim have one each"
    assert [node for node in nodes if node["Node Type"] == "Sort" and node["Plan Rows"] > ROWS / 10] == []


DONE: Final = 900
"""So few that a vacuum would leave their entries in the indexes, if it were not told otherwise."""

FINISH = """
UPDATE bildwerk.media SET due = '{}' WHERE id IN (
    SELECT id FROM bildwerk.media WHERE due <> '{}' ORDER BY run_at, id LIMIT $1
)
"""


async def count_pages(connection: Connection, index: str, *, oldest: bool) -> int:
    """Pages of an index that a claim looks at to find who is next; nothing is claimed."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        text = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {load('leases')['leases_claim']}"
        (row,) = await connection.fetch(text, uuid4(), HOUR, oldest)
    finally:
        await transaction.rollback()
    (node,) = (node for node in walk(row[0][0]["Plan"]) if node.get("Index Name") == index)
    return int(node["Shared Hit Blocks"] + node["Shared Read Blocks"])


@pytest.mark.parametrize(("index", "oldest"), [("media_ready", False), ("media_oldest", True)])
async def test_a_claim_does_not_walk_over_what_was_done(connection: Connection, index: str, *, oldest: bool) -> None:
    """Once autovacuum was there: it does what VACUUM does, by the table's own settings."""
    await connection.execute("UPDATE bildwerk.media SET owner = NULL, until = NULL WHERE owner IS NOT NULL")
    await connection.execute("VACUUM (INDEX_CLEANUP ON) bildwerk.media")
    before = await count_pages(connection, index, oldest=oldest)

    await connection.execute(FINISH, DONE)
    await connection.execute("VACUUM bildwerk.media")

    assert await count_pages(connection, index, oldest=oldest) <= before + 1
