"""Whether the platform's tables are as the mapping says: what is not, each with the statement that would mend it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from db.platform import PlatformMapping, Table, quote
from db.platform_parts import PARTS, Column, Kind
from db.pool import Connection
from db.queries import load


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """A column that is there: the name of its type, whether that is limited, to how many characters of text.

    `wanted` says that a new row must give it a value.
    """

    type: str
    limited: bool = False
    longest: int | None = None
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table that is there: its columns, and the sets of columns that are unique together."""

    columns: Mapping[str, FoundColumn]
    keys: frozenset[frozenset[str]] = frozenset()
    is_view: bool = False


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as it must be: the table, what is wrong, and what would mend it."""

    table: str
    wrong: str
    mend: str


Catalogue = Mapping[str, FoundTable]
"""What is there, by our names of the tables."""


async def read_catalogue(connection: Connection, mapping: PlatformMapping) -> Catalogue:
    """The tables of the mapping that are there."""
    named = {name: table for name, table in mapping.tables.items() if table is not None}
    schemas, names = [table.schema for table in named.values()], [table.name for table in named.values()]
    rows = await connection.fetch(load("catalogue")["catalogue_tables"], schemas, names)
    found = {(row["schema"], row["name"]): row for row in rows}
    return {
        name: FoundTable(
            {column: FoundColumn(*what) for column, what in (row["columns"] or {}).items()},
            frozenset(frozenset(key) for key in row["keys"]),
            row["is_view"],
        )
        for name, table in named.items()
        if (row := found.get((table.schema, table.name)))
    }


def compare(mapping: PlatformMapping, found: Catalogue, writes: Collection[str]) -> Iterator[Mismatch]:
    """Everything that would keep us from working with these optional writes, one for each thing to mend."""
    for name, part in PARTS.items():
        table = mapping.tables[name]
        written = part.inserted and (part.written_by is None or part.written_by in writes)
        if table is None or (name == "media_lifecycle_events" and not written):
            continue
        there = found.get(name)
        if there is None:
            yield Mismatch(_say(table), "is not there", _create(name, table, mapping) + _or_none(name, part.required))
            continue
        yield from _compare_columns(name, table, there, mapping, written=bool(written))
        yield from _compare_key(name, table, there, needed=bool(written) or (part.required and not there.is_view))
        if written:
            yield from _list_wanted(name, table, there)


def _compare_columns(
    name: str, table: Table, there: FoundTable, mapping: PlatformMapping, *, written: bool
) -> Iterator[Mismatch]:
    for column, what in PARTS[name].columns.items():
        spelled = table.columns[column]
        if spelled is None:
            continue
        place, kind = f"{name}.{column}", _spell(mapping, name, column, what)
        found = there.columns.get(spelled)
        if found is None:
            add = f"ALTER TABLE {table} ADD COLUMN {quote(spelled)} {kind}"
            yield Mismatch(_say(table), f"has no column {spelled} ({place})", add + _or_none(place, what.required))
            continue
        stored = mapping.types.get(place, "jsonb") if what.kind is Kind.JSON else None
        if stored and _stored_as(found.type) not in (None, stored):
            mend = f'say types.{column} = "{_stored_as(found.type)}" under [{name}] of BILDWERK_PLATFORM'
            yield Mismatch(_say(table), f"{spelled} ({place}) is {found.type}, not {stored}", mend)
        elif found.type not in what.kind.types or (found.limited and _too_tight(mapping, place, what, found, written)):
            limit = f"({found.longest})" if found.longest else " with a limit" if found.limited else ""
            mend = f"ALTER TABLE {table} ALTER COLUMN {quote(spelled)} TYPE {kind}"
            yield Mismatch(_say(table), f"{spelled} ({place}) is {found.type}{limit}, not {kind}", mend)


def _too_tight(mapping: PlatformMapping, place: str, what: Column, found: FoundColumn, written: bool) -> bool:  # noqa: FBT001
    """Whether what we write would not fit, or come back as something else."""
    if what.kind is Kind.SHARE:
        return found.type == "numeric"
    words = mapping.words.get(place.rpartition(".")[2], {}) if place.startswith("media.") else {}
    longest = max([what.longest, *map(len, words.values())])
    limited = found.longest is not None and (what.unlimited or found.longest < longest)
    return limited and (written or place == "media.quality_status")


def _compare_key(name: str, table: Table, there: FoundTable, *, needed: bool) -> Iterator[Mismatch]:
    key = [table.columns[column] for column in PARTS[name].key]
    columns = [column for column in key if column is not None]
    if needed and columns and there.columns.keys() >= set(columns) and frozenset(columns) not in there.keys:
        spelled = ", ".join(map(quote, columns))
        mend = f"CREATE UNIQUE INDEX ON {table} ({spelled})"
        yield Mismatch(_say(table), f"may hold the same {' and '.join(columns)} twice", mend)


def _list_wanted(name: str, table: Table, there: FoundTable) -> Iterator[Mismatch]:
    given = {table.columns[column] for column in PARTS[name].inserted}
    for column, found in there.columns.items():
        if found.wanted and column not in given:
            mend = f"ALTER TABLE {table} ALTER COLUMN {quote(column)} DROP NOT NULL, or give it a default"
            yield Mismatch(_say(table), f"wants a value for {column}, and we give none", mend)


def _stored_as(type_name: str) -> str | None:
    return "text" if type_name == "varchar" else type_name if type_name in ("json", "jsonb", "text") else None


def _spell(mapping: PlatformMapping, name: str, column: str, what: Column) -> str:
    return mapping.types.get(f"{name}.{column}", "jsonb") if what.kind is Kind.JSON else what.kind.spelling


def _create(name: str, table: Table, mapping: PlatformMapping) -> str:
    columns = [
        f"{quote(spelled)} {_spell(mapping, name, column, what)}{' NOT NULL' if what.required else ''}"
        for column, what in PARTS[name].columns.items()
        if (spelled := table.columns[column])
    ]
    key = ", ".join(quote(found) for column in PARTS[name].key if (found := table.columns[column]))
    return f"CREATE TABLE {table} ({', '.join([*columns, *([f'UNIQUE ({key})'] if key else [])])})"


def _or_none(place: str, required: bool) -> str:  # noqa: FBT001
    return "" if required else f", or say in BILDWERK_PLATFORM that {place} is false"


def _say(table: Table) -> str:
    return f"{table.schema}.{table.name}"
