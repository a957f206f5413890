"""States of the database as something that can be kept and brought back: quicker than a database for each order."""

from db.pool import Connection

TABLES = (
    "public.media",
    "public.media_meta",
    "bildwerk.media",
    "bildwerk.jobs",
    "bildwerk.slots",
    "bildwerk.pictures",
    "bildwerk.written",
    "bildwerk.runs",
    "bildwerk.outbox",
    "bildwerk.forces",
    "bildwerk.foreign_completions",
    "bildwerk.neighbours",
)
"""Everything that is touched here, those that others refer to first."""
EMPTY = "; ".join(f"DELETE FROM {table}" for table in reversed(TABLES))  # noqa: S608 - our own words

COLUMNS = """
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


async def wipe(connection: Connection) -> None:
    """Leave nothing."""
    await connection.execute(EMPTY)


async def keep(connection: Connection) -> str:
    """Keep this state on this connection, in place of the one before; the statement that brings it back."""
    again = [EMPTY]
    for table in TABLES:
        kept = f"kept_{table.replace('.', '_')}"
        columns: str = await connection.fetchval(COLUMNS, table)
        await connection.execute(f"DROP TABLE IF EXISTS {kept}")
        await connection.execute(f"CREATE TEMP TABLE {kept} AS SELECT {columns} FROM {table}")  # noqa: S608
        again.append(f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE TABLE {kept}")
    return "; ".join(again)
