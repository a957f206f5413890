"""Making two tags one, and taking it back: what is written, slice by slice. Who may do what is decided elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from db import ledger, tags
from db.pool import Connection
from db.queries import load
from db.tags import SOURCE


class Crossed(Exception):
    """Somebody gave a medium the tag that a link was to be moved to, at this moment: repeat the transaction."""


@dataclass(frozen=True, slots=True)
class KnownTag:
    """A row of the platform's `tags`, and how many media carry it (0 where that was not asked for)."""

    id: int
    name: str
    media: int = 0


@dataclass(frozen=True, slots=True)
class Merge:
    """One tag that was made another. `taken`: links that undoing it has to look at."""

    id: int
    tag_id: int
    name: str
    key: str
    into_id: int
    into_name: str
    merged_at: datetime
    undone_at: datetime | None
    taken: int


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name that a person gave a tag; `key` is its folded form."""

    key: str
    alias: str
    tag_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Counts of links: moved, and dropped because the medium carries the other tag (or somebody took it away)."""

    moved: int = 0
    dropped: int = 0

    def __add__(self, other: "Moved") -> "Moved":
        return Moved(self.moved + other.moved, self.dropped + other.dropped)


@dataclass(frozen=True, slots=True)
class Returned:
    """Counts of links: moved back, there again, and left as they are because somebody changed them since."""

    moved: int = 0
    added: int = 0
    kept: int = 0

    def __add__(self, other: "Returned") -> "Returned":
        return Returned(self.moved + other.moved, self.added + other.added, self.kept + other.kept)


async def list_tags(connection: Connection, *, count: bool = False) -> tuple[KnownTag, ...]:
    """Every tag, oldest first; with the number of its media that takes reading all links."""
    rows = await connection.fetch(load("tag_merges")["merges_names" if count else "merges_tags"])
    return tuple(KnownTag(**row) for row in rows)


async def list_merges(connection: Connection) -> tuple[Merge, ...]:
    """Every merge there was, oldest first."""
    return tuple(Merge(**row) for row in await connection.fetch(load("tag_merges")["merges_list"]))


async def list_aliases(connection: Connection) -> tuple[Alias, ...]:
    """The names that people gave; those of merges are not among them."""
    return tuple(Alias(**row) for row in await connection.fetch(load("tag_merges")["merges_aliases"]))


async def hold(connection: Connection) -> None:
    """Wait until no tag is being given and no other merge begun, and keep it so until the transaction ends.

    To be followed by reading (P1). Every process reads the aliases again after it.
    """
    await connection.execute(load("tag_merges")["merges_hold"])


async def begin(connection: Connection, tag: KnownTag, key: str, into: str) -> int:
    """Make `tag` another name of the tag `into`, which may be new: the merge's id. No link is moved yet."""
    into_id = await _ensure_tag(connection, None, into)
    merge_id: int = await connection.fetchval(load("tag_merges")["merges_begin"], tag.id, tag.name, key, into_id, into)
    return merge_id


async def resume(connection: Connection, merge: Merge) -> None:
    """Go on with a merge; the tag that it goes into is made anew where its row was deleted."""
    into_id = await _ensure_tag(connection, merge.into_id, merge.into_name)
    await connection.execute(load("tag_merges")["merges_resume"], merge.id, into_id)


async def list_carriers(connection: Connection, tag_id: int) -> tuple[list[int], int]:
    """The media whose link to this tag may be moved, by id, and how many are locked. Reads all links."""
    rows = await connection.fetch(load("tag_merges")["merges_carriers"], tag_id)
    return [row["media_id"] for row in rows if not row["locked"]], sum(row["locked"] for row in rows)


async def move(connection: Connection, merge: Merge, media_ids: Sequence[int]) -> Moved:
    """Move the links of these media, in a transaction under their locks.

    Raises Crossed.
    """
    sql = load("tag_merges")
    await ledger.lock(connection, media_ids)
    await tags.see(connection, media_ids)
    rows = await _fetch(connection, "merges_move", merge.id, list(media_ids), merge.tag_id, merge.into_id, SOURCE)
    taken = [row["media_id"] for row in rows]
    moved = [row["media_id"] for row in rows if row["what"] == "moved"]
    await connection.execute(sql["merges_move_memory"], taken, moved, merge.tag_id, merge.into_id, merge.into_name)
    return Moved(len(moved), len(taken) - len(moved))


async def find_obstacle(connection: Connection, merge: Merge) -> int | None:
    """Another merge that has to be undone before this one, because it rests on what this one moved."""
    found: int | None = await connection.fetchval(load("tag_merges")["merges_in_the_way"], merge.id, merge.into_id)
    return found


async def begin_undo(connection: Connection, merge: Merge) -> None:
    """Make the name a tag of its own again, with a new row where it was deleted."""
    tag_id = await _ensure_tag(connection, merge.tag_id, merge.name)
    await connection.execute(load("tag_merges")["merges_undone"], merge.id, tag_id)


async def list_taken(connection: Connection, merge_id: int) -> list[int]:
    """The media whose links undoing has to look at, by id."""
    return [row["media_id"] for row in await connection.fetch(load("tag_merges")["merges_taken"], merge_id)]


async def give_back(connection: Connection, merge: Merge, media_ids: Sequence[int]) -> Returned:
    """Take back what the merge did to these media, in a transaction under their locks.

    Raises Crossed.
    """
    sql = load("tag_merges")
    wanted = list(media_ids)
    await ledger.lock(connection, media_ids)
    rows = await _fetch(connection, "merges_return", merge.id, wanted, merge.tag_id, merge.into_id)
    back = [row["media_id"] for row in rows]
    moved = [row["media_id"] for row in rows if row["moved"]]
    await connection.execute(sql["merges_forget_moved"], moved, merge.into_id)
    await connection.execute(sql["merges_return_memory"], merge.id, wanted, back, merge.tag_id, merge.into_id)
    await connection.execute(sql["merges_forget_journal"], merge.id, wanted)
    return Returned(len(moved), len(back) - len(moved), len(wanted) - len(back))


async def add_alias(connection: Connection, alias: Alias) -> None:
    """Remember another name. After `hold`."""
    await connection.execute(load("tag_merges")["merges_add_alias"], alias.key, alias.alias, alias.tag_id, alias.name)


async def remove_alias(connection: Connection, key: str) -> None:
    """Forget another name. After `hold`."""
    await connection.execute(load("tag_merges")["merges_remove_alias"], key)


async def _ensure_tag(connection: Connection, tag_id: int | None, name: str) -> int:
    sql = load("tag_merges")
    await connection.execute(sql["merges_create_tag"], tag_id, name)
    found: int = await connection.fetchval(sql["merges_find_tag"], tag_id, name)
    return found


async def _fetch(connection: Connection, query: str, *arguments: object) -> list[Any]:
    try:
        rows: list[Any] = await connection.fetch(load("tag_merges")[query], *arguments)
    except asyncpg.UniqueViolationError as error:
        raise Crossed from error
    return rows
