"""What people are told of duplicates in the whole library; nothing here changes anything."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from contracts.duplicates import ASKS, Better, Edge, Level, Member, Opinion, Relation
from db.pool import Connection
from db.queries import load


@dataclass(frozen=True, slots=True)
class Copy:
    """One medium of a cluster: pixels of its picture, bytes of its file, if known."""

    media_id: int
    path: str | None
    width: int | None
    height: int | None
    file_size: int | None

    @property
    def member(self) -> Member:
        """What tells which copy is the best."""
        return Member(self.media_id, (self.width or 0) * (self.height or 0), self.file_size)


@dataclass(frozen=True, slots=True)
class OpenPair:
    """Two media, the older first, of whom nobody can tell whether they are one picture but a person."""

    one: int
    other: int
    level: Level
    evidence: Mapping[str, JsonValue]
    opinion: Opinion | None
    one_path: str | None
    other_path: str | None
    referee: int

    @property
    def asked_about(self) -> int:
        """The one that the referee was compared with."""
        return self.one if self.referee == self.other else self.other


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether a medium shows a picture: `unreadable` says why not; it has `moved` when it is to be looked at anew."""

    deleted: bool
    missing: bool
    unreadable: str | None
    has_pixels: bool
    moved: bool


async def read_edges(connection: Connection) -> list[Edge]:
    """Every pair that joins two media, or that a person told apart; all pairs are read, seconds for 100 000."""
    return [_read_edge(row) for row in await connection.fetch(load("clusters")["clusters_edges"])]


async def read_copies(connection: Connection, media_ids: Collection[int]) -> dict[int, Copy]:
    """What is told of these media, by id."""
    rows = await connection.fetch(load("clusters")["clusters_copies"], list(media_ids))
    return {row["media_id"]: Copy(**row) for row in rows}


async def list_open(connection: Connection, level: Level | None, limit: int) -> tuple[list[OpenPair], int]:
    """Up to `limit` pairs that are left to a person, the oldest media first, and how many there are."""
    rows = await connection.fetch(load("clusters")["clusters_open"], ASKS, level and level.value, limit)
    return [_read_open(row) for row in rows], rows[0]["total"] if rows else 0


async def read_shown(connection: Connection, media_id: int) -> Shown | None:
    """What can be said of its picture; None when no event ever named it."""
    row = await connection.fetchrow(load("clusters")["clusters_standing"], media_id)
    return None if row is None else Shown(**row)


def _read_edge(row: Mapping[str, Any]) -> Edge:
    relation = None if row["relation"] is None else Relation(row["relation"])
    return Edge(row["one"], row["other"], Level(row["level"]), relation, row["decision"])


def _read_open(row: Mapping[str, Any]) -> OpenPair:
    opinion = None
    if row["relation"] is not None:
        opinion = Opinion(Relation(row["relation"]), Better(row["keep"]), row["reason"])
    return OpenPair(
        row["one"], row["other"], Level(row["level"]), row["evidence"], opinion, row["one_path"], row["other_path"],
        row["referee"],
    )  # fmt: skip
