"""The privileges we need in the platform's tables (the schema bildwerk is ours)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.facts import PROMPTS, TAGS
from db.platform import OURS, PlatformMapping, quote
from db.pool import Connection
from db.queries import load


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege on a table, on one column of it, or on an object of another `kind`; names as SQL spells them."""

    table: str
    privilege: str
    column: str = ""
    kind: str = "TABLE"

    def __str__(self) -> str:
        """As GRANT spells it."""
        what = f"{self.privilege} ({quote(self.column)})" if self.column else self.privilege
        return f"{what} ON {self.table}" if self.kind == "TABLE" else f"{what} ON {self.kind} {self.table}"


_Wanted = tuple[tuple[str, str, str], ...]
_ALWAYS: Final[_Wanted] = (
    ("media", "SELECT", ""),
    *(("media_meta", privilege, "") for privilege in ("SELECT", "INSERT", "UPDATE")),
)
_READS: Final[dict[str, _Wanted]] = {
    TAGS: (("media_tags", "SELECT", ""), ("tags", "SELECT", "")),
    PROMPTS: (("prompt_history", "SELECT", ""),),
}
_WRITES: Final[dict[str, _Wanted]] = {
    "tags": (
        ("tags", "INSERT", ""),
        *(("media_tags", privilege, "") for privilege in ("INSERT", "UPDATE", "DELETE")),
    ),
    "prompts": (("prompt_history", "INSERT", ""),),
    "quality": (("media", "UPDATE", "quality_status"), ("media", "UPDATE", "quality_score")),
    "events": (("media_lifecycle_events", "INSERT", ""),),
}


def list_needed(keys: Collection[str], writes: Collection[str], platform: PlatformMapping = OURS) -> tuple[Grant, ...]:
    """What reading these keys (`Chain.keys`) and making these optional writes takes, of what is there."""
    read = [grant for name, grants in _READS.items() if name in keys for grant in grants]
    written = [grant for name, grants in _WRITES.items() if name in writes for grant in grants]
    tables = _resolve((*_ALWAYS, *read, *written), platform)
    used = (platform.tables[name] for name, *_ in (*_ALWAYS, *read, *written))
    schemas = dict.fromkeys(quote(table.schema) for table in used if table is not None)
    return (*tables, *(Grant(schema, "USAGE", kind="SCHEMA") for schema in schemas))


def list_written(write: str, platform: PlatformMapping = OURS) -> tuple[Grant, ...]:
    """What one optional write does, of what is there."""
    return _resolve(_WRITES.get(write, ()), platform)


async def list_missing(connection: Connection, needed: Sequence[Grant]) -> tuple[Grant, ...]:
    """Those that the role lacks, and the use of sequences that go with them; not what is not there at all."""
    rows = await connection.fetch(
        load("grants")["grants_missing"],
        [grant.kind for grant in needed], [grant.table for grant in needed],
        [grant.column for grant in needed], [grant.privilege for grant in needed],
    )  # fmt: skip
    return tuple(Grant(row["name"], row["privilege"], row["attribute"], row["kind"]) for row in rows)


async def list_closed(connection: Connection) -> tuple[str, ...]:
    """The tables of our own schema that the role may not work with."""
    return tuple(row["name"] for row in await connection.fetch(load("grants")["grants_ours_missing"]))


def _resolve(wanted: Iterable[tuple[str, str, str]], platform: PlatformMapping) -> tuple[Grant, ...]:
    return tuple(
        Grant(str(table), privilege, table.columns[column] or "" if column else "")
        for name, privilege, column in wanted
        if (table := platform.tables[name]) is not None and (not column or table.columns[column])
    )
