"""The index of perceptual hashes: which pictures have them, and which of them are near a given one.

Searches are exact. What they find is capped where thousands of pictures share a hash, and then says so.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, islice

from contracts.perceptual import HashedCopy, PerceptualHash
from db.pool import Connection
from db.queries import load

RADIUS = 8
"""The most bits by which a search may let hashes differ."""
PARTS = (22, 21, 21)
"""Bits of the parts by which hashes are looked up, as in db/migrations/0005_duplicates.sql."""
SHOWN = 32
"""Pictures given for one hash. Flat and nearly empty pictures share theirs with thousands."""
NEAREST = 256
"""Hashes given by one search, the nearest ones."""
COUNTED = 10_000
"""Pictures that share a hash are counted up to this."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """A hash near some of those asked for.

    `distances` are the bits to each, by its place in the question. `pictures` are the copies that have it by content
    hash, the oldest pictures first. When they are not all, `crowd` is how many there are, the one who asks included and
    deleted ones too, counted up to `COUNTED`.
    """

    hash: PerceptualHash
    distances: Mapping[int, int]
    pictures: Mapping[str, tuple[int, ...]]
    crowd: int | None = None

    @property
    def distance(self) -> int:
        """Bits to the nearest of the hashes asked for."""
        return min(self.distances.values())


@dataclass(frozen=True, slots=True)
class Found:
    """Likenesses, the nearest first; `left_out` hashes that are less near were too many."""

    likenesses: tuple[Likeness, ...]
    left_out: int = 0


@cache
def change_parts(radius: int) -> tuple[tuple[int, ...], ...]:
    """For each part, the bits to change in order to find all within `radius`, at the top of a signed 64-bit number.

    A hash that is missed with up to t1, t2 and t3 bits changed differs in t1 + t2 + t3 + 3 at least, and that exceeds
    the radius (the generalised pigeonhole principle; Qin and others 2018).
    """
    if not 0 <= radius <= RADIUS:
        raise ValueError(f"the radius is 0 to {RADIUS} bits, not {radius}")
    spare, rest = divmod(radius - len(PARTS) + 1, len(PARTS))
    return tuple(_change(width, spare + (number < rest)) for number, width in enumerate(PARTS))


def _change(width: int, most: int) -> tuple[int, ...]:
    chosen = (bits for number in range(most + 1) for bits in combinations(range(width), number))
    changes = (sum(1 << (63 - bit) for bit in bits) for bits in chosen)
    return tuple(change - (1 << 64) if change >> 63 else change for change in changes)


async def search(
    connection: Connection,
    asked: Sequence[PerceptualHash],
    radius: int = RADIUS,
    *,
    apart_from: str | None = None,
    nearest: int = NEAREST,
) -> Found:
    """Pictures that a medium shows with hashes within `radius` bits of those asked for, but not the one `apart_from`.

    In a transaction of its own, after the commit of the picture (P24): settings for it last until its end.
    """
    places: dict[PerceptualHash, list[int]] = {}
    for place, one in enumerate(asked):
        places.setdefault(one, []).append(place)
    sql = load("likenesses")
    async with connection.transaction():
        await connection.execute(sql["likenesses_stay_in_the_indexes"])
        near = await _find_near(connection, places, radius)
        kept = sorted(near, key=lambda found: (min(near[found].values()), found))[:nearest]
        pictures = await _find_pictures(connection, kept, apart_from, SHOWN + 1)
        crowds = await _count(connection, [found for found in kept if len(pictures[found]) > SHOWN])
    return Found(
        tuple(
            Likeness(found, near[found], dict(islice(pictures[found].items(), SHOWN)), crowds.get(found))
            for found in kept
            if pictures[found]
        ),
        len(near) - len(kept),
    )


async def _find_near(
    connection: Connection, places: Mapping[PerceptualHash, Sequence[int]], radius: int
) -> Mapping[PerceptualHash, Mapping[int, int]]:
    asked = list(places)
    rows = await connection.fetch(
        load("likenesses")["likenesses_near"], *_columns(asked), radius, *change_parts(radius)
    )
    near: dict[PerceptualHash, dict[int, int]] = {}
    for number, value, distance in set(map(tuple, rows)):
        one = asked[number - 1]
        near.setdefault(PerceptualHash(one.kind, value), {}).update(dict.fromkeys(places[one], distance))
    return near


async def _find_pictures(
    connection: Connection, hashes: Sequence[PerceptualHash], apart_from: str | None, limit: int
) -> Mapping[PerceptualHash, dict[str, tuple[int, ...]]]:
    if not hashes:
        return {}
    rows = await connection.fetch(load("likenesses")["likenesses_pictures"], *_columns(hashes), apart_from, limit)
    found: dict[PerceptualHash, dict[str, tuple[int, ...]]] = {one: {} for one in hashes}
    for row in rows:
        found[hashes[row["number"] - 1]][row["content_hash"]] = tuple(row["copies"])
    return found


async def _count(connection: Connection, hashes: Sequence[PerceptualHash]) -> Mapping[PerceptualHash, int]:
    if not hashes:
        return {}
    rows = await connection.fetch(load("likenesses")["likenesses_count"], *_columns(hashes), COUNTED)
    return {hashes[row["number"] - 1]: row["pictures"] for row in rows}


async def put(connection: Connection, content_hash: str, copies: Collection[HashedCopy]) -> None:
    """Make these the hashes of a picture that is kept; searches find it when this transaction is committed.

    One picture per transaction: two that put several may lock each other up. Raises LookupError when there is no such
    picture.
    """
    sql = load("likenesses")
    picture = await connection.fetchval(sql["likenesses_lock_picture"], content_hash)
    if picture is None:
        raise LookupError("no picture has this content hash")
    rows = await connection.fetch(sql["likenesses_of"], picture)
    before = {HashedCopy(PerceptualHash(row["kind"], row["hash"]), copy) for row in rows for copy in row["copies"]}
    if before == set(copies):
        return
    hashes = {one.hash for one in copies}
    gone = {one.hash for one in before} - hashes
    await connection.execute(sql["likenesses_hold_hashes"], *_columns(hashes | gone))
    ordered = list(set(copies))
    columns = _columns(one.hash for one in ordered)
    await connection.execute(sql["likenesses_add"], *columns, picture, [one.copy for one in ordered])
    if gone:
        await connection.execute(sql["likenesses_drop"], *_columns(gone), picture)
        await connection.execute(sql["likenesses_forget"], *_columns(gone))


async def remove(connection: Connection, content_hashes: Collection[str]) -> None:
    """Take those of these pictures out of the index that no living medium shows.

    Inside a transaction, under the pictures' locks.
    """
    sql = load("likenesses")
    rows = await connection.fetch(sql["likenesses_drop_unshown"], list(content_hashes))
    gone = {PerceptualHash(row["kind"], row["hash"]) for row in rows}
    if gone:
        await connection.execute(sql["likenesses_lock_hashes"], *_columns(gone))
        await connection.execute(sql["likenesses_forget"], *_columns(gone))


def _columns(hashes: Iterable[PerceptualHash]) -> tuple[list[str], list[int]]:
    listed = list(hashes)
    return [one.kind for one in listed], [one.value for one in listed]
