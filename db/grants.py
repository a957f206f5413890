"""The privileges we need in the platform's tables (the schema bildwerk is ours)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from contracts.facts import PROMPTS, TAGS
from db.pool import Connection
from db.queries import load


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege on a table, or on one column of it."""

    table: str
    privilege: str
    column: str = ""

    def __str__(self) -> str:
        """As GRANT spells it."""
        return (
            f"{self.privilege} ({self.column}) ON {self.table}" if self.column else f"{self.privilege} ON {self.table}"
        )


_ALWAYS = (
    Grant("public.media", "SELECT"),
    *(Grant("public.media_meta", privilege) for privilege in ("SELECT", "INSERT", "UPDATE")),
)
_TAGS = (Grant("public.media_tags", "SELECT"), Grant("public.tags", "SELECT"))
_PROMPTS = (Grant("public.prompt_history", "SELECT"),)
_WRITES = {
    "tags": (
        Grant("public.tags", "INSERT"),
        *(Grant("public.media_tags", privilege) for privilege in ("INSERT", "UPDATE", "DELETE")),
    ),
    "prompts": (Grant("public.prompt_history", "INSERT"),),
    "quality": (
        Grant("public.media", "UPDATE", "quality_status"),
        Grant("public.media", "UPDATE", "quality_score"),
    ),
    "events": (Grant("public.media_lifecycle_events", "INSERT"),),
}


def list_needed(keys: Collection[str], writes: Collection[str]) -> tuple[Grant, ...]:
    """What reading these keys (`Chain.keys`) and making these optional writes takes."""
    read = (*(_TAGS if TAGS in keys else ()), *(_PROMPTS if PROMPTS in keys else ()))
    return (*_ALWAYS, *read, *(grant for name, grants in _WRITES.items() if name in writes for grant in grants))


async def list_missing(connection: Connection, needed: Sequence[Grant]) -> tuple[Grant, ...]:
    """Those that the role lacks, a table or column that is not there among them."""
    rows = await connection.fetch(
        load("grants")["grants_missing"],
        [grant.table for grant in needed], [grant.column for grant in needed], [grant.privilege for grant in needed],
    )  # fmt: skip
    return tuple(Grant(row["name"], row["privilege"], row["attribute"]) for row in rows)
