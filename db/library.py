"""Putting files into `public.media`, where that table is ours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.tags import Tag
from contracts.topics import Topic
from db import ledger
from db.pool import Connection
from db.queries import load


@dataclass(frozen=True, slots=True)
class File:
    """One file of the library: path under the media root, SHA-256 (hex), MIME type, bytes, and its time."""

    path: str
    hash: str
    mime_type: str
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Put:
    """Ids of the media that `put_files` added and changed."""

    added: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()


async def put_files(connection: Connection, files: Sequence[File]) -> Put:
    """Add files and change known ones whose bytes did, inside the caller's transaction; equal ones are left alone.

    The ledger's rows of known media are locked first (P23). Plan the media, then `announce` them.
    """
    sql = load("library")
    rows = await connection.fetch(sql["library_known"], [file.path for file in files])
    known = {row["path"]: row["hash"] for row in rows}
    moved = {file.path: file for file in files if known.get(file.path, "") != file.hash}
    if not moved:
        return Put()
    ids = [row["id"] for row in rows if row["path"] in moved]
    await ledger.register(connection, ids)
    await ledger.lock(connection, ids)
    columns = zip(*((f.path, f.hash, f.mime_type, f.size, f.modified_at) for f in moved.values()), strict=True)
    put = await connection.fetch(sql["library_put"], *map(list, columns))
    return Put(
        tuple(sorted(row["id"] for row in put if row["added"])),
        tuple(sorted(row["id"] for row in put if not row["added"])),
    )


async def announce(connection: Connection, put: Put) -> None:
    """Put one event for each medium into the outbox, inside the same transaction and after planning (P23)."""
    events = [*_events(Topic.MEDIA_CREATED, put.added), *_events(Topic.MEDIA_UPDATED, put.changed)]
    if events:
        await connection.execute(load("ledger")["ledger_emit"], *(list(c) for c in zip(*events, strict=True)))


async def mark_harmless(connection: Connection, paths: Sequence[str]) -> None:
    """Set the scan flag that says so, for pictures that somebody looked at."""
    await connection.execute(load("library")["library_scanned"], list(paths))


async def give_tags(connection: Connection, tags: Mapping[str, Sequence[Tag]]) -> None:
    """Tag files by path, as whoever keeps the library does; what a file carries already stays as it is."""
    given = [(path, tag.name, tag.locked) for path, several in tags.items() for tag in several]
    if given:
        paths, names, locks = (list(column) for column in zip(*given, strict=True))
        await connection.execute(load("library")["library_name_tags"], names)
        await connection.execute(load("library")["library_give_tags"], paths, names, locks)


def _events(topic: Topic, ids: Iterable[int]) -> list[tuple[str, str, dict[str, int]]]:
    return [(str(media_id), topic.value, {"media_id": media_id}) for media_id in ids]
