"""Schema migrations: numbered SQL files, each applied once, in order, in one transaction under an advisory lock."""

from dataclasses import dataclass
from importlib.resources import files

import asyncpg

from db.platform import OURS, PlatformMapping, quote
from db.pool import Connection
from db.queries import load

LOCK = 7_301
PLATFORM = "0001_platform.sql"


@dataclass(frozen=True, slots=True)
class Migrated:
    """What `migrate` did: files applied now, and whether the platform's tables are ours."""

    applied: tuple[str, ...]
    owns_platform: bool


class PlatformMissing(Exception):
    """The mapped table of media is not there; the argument is its name."""


def migrations() -> tuple[str, ...]:
    """File names of all migrations in order."""
    return tuple(sorted(f.name for f in (files("db") / "migrations").iterdir() if f.name.endswith(".sql")))


async def migrate(dsn: str, platform: PlatformMapping = OURS, *, service: str | None = None) -> Migrated:
    """Bring the database at `dsn` to the newest schema; safe to run twice, and by several processes at once.

    Beside a platform (its table of media is mapped, or public.media exists and we did not make it) the platform's
    tables are left alone. The role `service` is let work in our schema, as it is then.
    Raises PlatformMissing, OSError or asyncpg.PostgresError.
    """
    sql = load("migrate")
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute(sql["migrate_lock"], LOCK)
            await connection.execute(sql["migrate_create_schema"])
            done = {row["name"] for row in await connection.fetch(sql["migrate_list"])}
            exists = await _has_media_table(connection, platform)
            if not exists and platform is not OURS:
                raise PlatformMissing(str(platform.tables["media"]))
            foreign = PLATFORM not in done and exists
            applied = []
            for name in migrations():
                if name in done or (foreign and name == PLATFORM):
                    continue
                await connection.execute((files("db") / "migrations" / name).read_text("utf-8"))
                await connection.execute(sql["migrate_record"], name)
                applied.append(name)
            owns = await connection.fetchval(sql["migrate_installation"], PLATFORM in done or PLATFORM in applied)
            if service is not None:
                await connection.execute(sql["migrate_give"].replace("the_role", quote(service)))
                if not await connection.fetchval(sql["migrate_is_owner"], service):
                    await connection.execute(sql["migrate_take"].replace("the_role", quote(service)))
        return Migrated(tuple(applied), owns and platform is OURS)
    finally:
        await connection.close()


async def pending(connection: Connection) -> tuple[str, ...]:
    """Names of migrations that are still to be applied; all of them when the schema is not there."""
    sql = load("migrate")
    if not await connection.fetchval(sql["migrate_schema_exists"]):
        return migrations()
    done = {row["name"] for row in await connection.fetch(sql["migrate_list"])}
    return tuple(name for name in migrations() if name not in done and name != PLATFORM)


async def holds_media(connection: Connection) -> bool:
    """Whether there are media already, or a `media` table that we did not make; nothing is changed by looking."""
    sql = load("migrate")
    if not await _has_media_table(connection, OURS):
        return False
    ours = await connection.fetchval(sql["migrate_schema_exists"])
    if not ours or PLATFORM not in {row["name"] for row in await connection.fetch(sql["migrate_list"])}:
        return True
    return bool(await connection.fetchval(sql["migrate_has_media"]))


async def _has_media_table(connection: Connection, platform: PlatformMapping) -> bool:
    table = platform.tables["media"]
    assert table is not None
    exists = await connection.fetchval(load("migrate")["migrate_platform_exists"], table.schema, table.name)
    return bool(exists)
