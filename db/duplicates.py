"""The graph of what media have in common: who is to be looked for, pairs, opinions and decisions.

Pairs are written under the locks of both media, the older first (P23); opinions under the lock of the one who asked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue

from contracts.candidates import Candidate
from contracts.duplicates import Level, Opinion
from contracts.embedded import Embedded
from contracts.moments import Taken
from contracts.sketches import SKETCH_VERSION, Sketch
from db.likenesses import COUNTED
from db.pool import Connection
from db.queries import load

EQUAL = 3
"""Media with the same bytes, pixels, hash or prompt that are given, the next ones: a chain connects them all, and no
medium gets thousands of pairs."""
SHOWING = 2
"""Media given that show one picture, the next ones."""
GROUP = 32
"""Media of one group that are given; each of them is planned whenever somebody joins."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The medium that others are looked for; `key` is what the search depends on, `seek_at` tells it from a later one.

    No candidate: without a readable picture nobody is like it. `again`: it was looked for already, but one that was
    found then is gone.
    """

    media_id: int
    key: str
    seek_at: datetime
    candidate: Candidate | None = None
    prompt_key: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class FoundPair:
    """A pair to be kept, the older medium first; `evidence` is seen from it."""

    one: int
    other: int
    one_pixels: str
    other_pixels: str
    level: Level
    evidence: Mapping[str, JsonValue]


async def claim(connection: Connection, limit: int, hold: timedelta) -> list[int]:
    """Take up to `limit` media that others are to be looked for; after `hold` somebody else may."""
    return [row["id"] for row in await connection.fetch(load("duplicates")["duplicates_claim"], limit, hold)]


async def read_subject(connection: Connection, media_id: int) -> Subject | None:
    """The medium, if others are to be looked for it, and its picture, if there is one, has been sketched."""
    row = await connection.fetchrow(load("duplicates")["duplicates_subject"], media_id, SKETCH_VERSION)
    if row is None or (row["has_picture"] and row["sketch"] is None):
        return None
    candidate = None if row["sketch"] is None or row["pixel_hash"] is None else _read_candidate(media_id, row)
    return Subject(media_id, row["key"], row["seek_at"], candidate, row["prompt_key"], row["sought"] == row["key"])


async def find_equal(connection: Connection, subject: Subject) -> set[int]:
    """Other media with the same bytes, pixels or prompt and seed, or the same hash of the platform's."""
    picture = subject.candidate
    assert picture is not None
    rows = await connection.fetch(
        load("duplicates")["duplicates_equal"], subject.media_id, picture.content_hash, picture.pixel_hash,
        picture.platform_hash, subject.prompt_key, EQUAL,
    )  # fmt: skip
    return {row["id"] for row in rows}


async def find_showing(connection: Connection, media_id: int, content_hashes: Collection[str]) -> set[int]:
    """Other media that show these pictures."""
    rows = await connection.fetch(load("duplicates")["duplicates_showing"], media_id, list(content_hashes), SHOWING)
    return {row["id"] for row in rows}


async def count_left_out(
    connection: Connection, media_id: int, others: Collection[int], content_hashes: Collection[str],
    told: Collection[int],
) -> int:  # fmt: skip
    """How many of these media, and of those that show one of these pictures, are neither `told` of nor in a pair."""
    count: int = await connection.fetchval(
        load("duplicates")["duplicates_left_out"], media_id, list(others), list(content_hashes), list(told), COUNTED
    )
    return count


async def read_candidates(connection: Connection, media_ids: Collection[int]) -> list[Candidate]:
    """What is compared of these media, by id; those without a readable, sketched picture are left out."""
    rows = await connection.fetch(load("duplicates")["duplicates_candidates"], list(media_ids))
    return [_read_candidate(row["id"], row) for row in rows if row["sketch"] is not None]


async def settle(
    connection: Connection, subject: Subject, pairs: Sequence[FoundPair], left_out: int, limits: Collection[str] = ()
) -> set[int] | None:
    """Keep what was found; who else is concerned. None when the medium is another by now, or to be looked for again.

    `limits` say why others may have been missed.

    Under the locks of the subject and of everybody in `pairs`.
    """
    sql = load("duplicates")
    sought = await connection.fetchval(
        sql["duplicates_sought"], subject.media_id, subject.key, left_out, SKETCH_VERSION, subject.seek_at,
        sorted(limits),
    )  # fmt: skip
    if sought is None:
        return None
    pixels = None if subject.candidate is None else subject.candidate.pixel_hash
    before = await read_group(connection, subject.media_id)
    outdated = await connection.fetch(sql["duplicates_outdated"], subject.media_id, pixels)
    if pixels is None:
        outdated = await connection.fetch(sql["duplicates_partners"], subject.media_id)
    if pairs:
        one, other = [p.one for p in pairs], [p.other for p in pairs]
        levels, evidence = [p.level.value for p in pairs], [dict(p.evidence) for p in pairs]
        hashes = [p.one_pixels for p in pairs], [p.other_pixels for p in pairs]
        await connection.execute(
            sql["duplicates_put"], one, other, *hashes, levels, evidence, subject.media_id, subject.again,
            SKETCH_VERSION,
        )  # fmt: skip
        await connection.execute(sql["duplicates_restate"], one, other, *hashes, levels, evidence)
    await connection.execute(sql["duplicates_retell"], subject.media_id)
    after = await read_group(connection, subject.media_id)
    return (before | after | {row["media_id"] for row in outdated}) - {subject.media_id}


async def read_group(connection: Connection, media_id: int) -> set[int]:
    """The medium and everybody who is one picture with it, directly or not; of more than `GROUP` only the former."""
    sql = load("duplicates")
    group = {row["id"] for row in await connection.fetch(sql["duplicates_group"], media_id, GROUP + 1)}
    if len(group) <= GROUP:
        return group
    return {row["id"] for row in await connection.fetch(sql["duplicates_joined"], media_id, GROUP)} | {media_id}


async def read_concerned(connection: Connection, media_id: int) -> set[int]:
    """The medium, everybody it is paired with, and everybody who is one picture with it."""
    rows = await connection.fetch(load("duplicates")["duplicates_standing"], media_id)
    return await read_group(connection, media_id) | {row["id"] for row in rows}


async def opine(connection: Connection, media_id: int, run_id: int, opinions: Mapping[int, Opinion | None]) -> None:
    """Keep what the model said of pairs that this medium referees; None: they were left unasked.

    Whoever may be in another cluster now is called.
    """
    said = sorted(opinions.items())
    before, joined = await read_group(connection, media_id), await _read_joined(connection, media_id)
    await connection.execute(
        load("duplicates")["duplicates_opine"], media_id, run_id, [other for other, _ in said],
        [o and o.relation.value for _, o in said], [o and o.keep.value for _, o in said],
        [o and o.reason for _, o in said],
    )  # fmt: skip
    if joined != await _read_joined(connection, media_id):
        # Also where the group is the same: whom a person told apart may be joined otherwise.
        after = await read_group(connection, media_id)
        await call(connection, (before | after) - {media_id})


async def _read_joined(connection: Connection, media_id: int) -> set[int]:
    rows = await connection.fetch(load("duplicates")["duplicates_joined"], media_id, None)
    return {row["id"] for row in rows}


async def call(connection: Connection, media_ids: Collection[int], *, gone: bool = False) -> None:
    """Have these planned: somebody they are like has changed, or is `gone`."""
    await connection.execute(load("duplicates")["duplicates_call"], sorted(media_ids), gone)


async def take_called(connection: Connection, limit: int) -> dict[int, bool]:
    """Who is to be planned because somebody like them has changed, and whether one is gone.

    In the transaction that plans them.
    """
    rows = await connection.fetch(load("duplicates")["duplicates_called"], limit)
    return {row["media_id"]: row["gone"] for row in rows}


async def lock_deleted(connection: Connection, media_ids: Collection[int]) -> list[str]:
    """Lock the pictures of those of these media that were deleted; their content hashes. Under the media's locks."""
    rows = await connection.fetch(load("duplicates")["duplicates_lock_deleted"], list(media_ids))
    return [row["content_hash"] for row in rows]


async def seek_again(connection: Connection, media_ids: Collection[int]) -> None:
    """Have others looked for: one that they were paired with is gone. Under the media's locks."""
    await connection.execute(load("duplicates")["duplicates_seek_again"], list(media_ids))


async def decide(connection: Connection, one: int, other: int, *, same: bool) -> bool:
    """Keep a person's word on two media, the older first, under both locks; False when one has no picture."""
    sql = load("duplicates")
    pixels = await connection.fetchrow(sql["duplicates_decide"], one, other, same)
    if pixels is None:
        return False
    await connection.execute(sql["duplicates_tell"], one, other, *pixels)
    return True


def _read_candidate(media_id: int, row: Mapping[str, Any]) -> Candidate:
    return Candidate(
        media_id,
        row["content_hash"],
        row["pixel_hash"],
        (row["width"], row["height"]),
        Sketch(row["sketch"]),
        row["taken"] and Taken.model_validate(row["taken"]),
        row["embedded"] and Embedded.model_validate(row["embedded"]),
        row["platform_hash"],
        row["platform_phash"],
    )
