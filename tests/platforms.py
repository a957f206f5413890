"""Foreign schemas, as docs/platforms/ describes them, and everything that a database holds beside ours."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from bildwerk.platform_entries import Platform, read_platform
from db.platform import PlatformMapping

FOLDER = Path(__file__).parents[1] / "docs" / "platforms"
NAMES = ("minimal", "photo-manager", "generator-gallery")
_OURS = "NOT IN ('bildwerk', 'information_schema') AND {0} NOT LIKE 'pg_%'"
_TABLES = (
    "SELECT schemaname AS schema, tablename AS name FROM pg_tables"  # noqa: S608 - our own words
    f" WHERE schemaname {_OURS.format('schemaname')} ORDER BY 1, 2"
)
_CATALOGUE = {
    "relations": "SELECT n.nspname, c.relname, c.relkind::text, c.relhastriggers FROM pg_class AS c"
    " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname {0} ORDER BY 1, 2",
    "columns": "SELECT n.nspname, c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
    " a.attidentity::text, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute AS a JOIN pg_class AS c"
    " ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum"
    " WHERE n.nspname {0} AND a.attnum > 0 ORDER BY 1, 2, 4",
    "indexes": "SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname {0} ORDER BY 1, 2",
    "constraints": "SELECT n.nspname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint AS k"
    " JOIN pg_namespace AS n ON n.oid = k.connamespace WHERE n.nspname {0} ORDER BY 1, 2",
    "triggers": "SELECT n.nspname, c.relname, t.tgname, t.tgenabled::text, pg_get_triggerdef(t.oid)"
    " FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE n.nspname {0} ORDER BY 1, 2, 3",
    "functions": "SELECT n.nspname, f.proname, f.prosrc FROM pg_proc AS f JOIN pg_namespace AS n"
    " ON n.oid = f.pronamespace WHERE n.nspname {0} ORDER BY 1, 2",
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Everything:
    """What a database holds outside our schema: its catalogue, and all rows of each table."""

    catalogue: dict[str, list[tuple[Any, ...]]]
    rows: dict[str, list[Row]]


async def take(connection: asyncpg.Connection) -> Everything:
    """Everything that is there now."""
    catalogue = {}
    for what, query in _CATALOGUE.items():
        schema_of = "schemaname" if what == "indexes" else "n.nspname"
        asked = query.format(_OURS.format(schema_of))
        catalogue[what] = [tuple(row) for row in await connection.fetch(asked)]
    rows = {}
    for table in await connection.fetch(_TABLES):
        name = f'"{table["schema"]}"."{table["name"]}"'
        found = await connection.fetch(f"SELECT to_jsonb(t)::text AS row FROM {name} AS t ORDER BY 1")  # noqa: S608
        rows[f"{table['schema']}.{table['name']}"] = [orjson.loads(row["row"]) for row in found]
    return Everything(catalogue, rows)


def mapping(name: str) -> PlatformMapping:
    """One of the examples."""
    platform = read_platform(file(name))
    assert isinstance(platform, Platform)
    return platform.mapping


def file(name: str) -> Path:
    """Its mapping."""
    return FOLDER / f"{name}.toml"


def schema(name: str) -> str:
    """The statements that make its tables."""
    return (FOLDER / f"{name}.sql").read_text("utf-8")
