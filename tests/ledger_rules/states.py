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


async def wipe(connection: Connection) -> None:
    """Leave nothing."""
    await connection.execute(EMPTY)


async def keep(connection: Connection) -> None:
    """Keep this state on this connection, in place of the one before."""
    names = [(table, table.replace(".", "_")) for table in TABLES]
    await connection.execute(
        "; ".join(f"DROP TABLE IF EXISTS kept_{name}; CREATE TEMP TABLE kept_{name} AS TABLE {t}" for t, name in names)
    )


async def bring_back(connection: Connection) -> None:
    """Bring the kept state back, all of it at once."""
    fill = [f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE kept_{table.replace('.', '_')}" for table in TABLES]
    await connection.execute("; ".join([EMPTY, *fill]))
