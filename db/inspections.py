"""The inspector's work list, and what it found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.facts import Picture
from contracts.measures import MEASURES_VERSION
from contracts.sketches import SKETCH_VERSION
from db import duplicates, likenesses
from db.pool import Connection
from db.queries import load


@dataclass(frozen=True, slots=True)
class Uninspected:
    """A medium to look at; the mark was read before the bytes will be (P6).

    `tries` counts earlier vain looks; `now` is the database's clock at the claim; `measured` is the content hash that
    needs no measuring any more; `gone`: the platform does not have the medium any more.
    """

    media_id: int
    path: str
    mark: str
    tries: int
    now: datetime
    measured: str | None = None
    gone: bool = False


async def claim(connection: Connection, limit: int, hold: timedelta, oldest: int = 0) -> Sequence[Uninspected]:
    """Take up to `limit` media to inspect; after `hold` others may take them.

    Those of the highest priority, but for the `oldest`: so many of them have waited longest.
    """
    rows = await connection.fetch(load("inspections")["inspections_claim"], limit, hold, MEASURES_VERSION, oldest)
    return [
        Uninspected(row["id"], row["path"], row["mark"], row["inspect_tries"], row["now"], row["measured"], row["gone"])
        for row in rows
    ]


async def is_current(connection: Connection, medium: Uninspected) -> bool:
    """Whether the platform's row still has the mark that was read before the bytes."""
    return await current_mark(connection, medium.media_id) == medium.mark


async def current_mark(connection: Connection, media_id: int) -> str | None:
    """The source mark of the platform's row now; None when it is gone."""
    mark: str | None = await connection.fetchval(load("inspections")["inspections_current_mark"], media_id)
    return mark


async def settle(connection: Connection, medium: Uninspected, content_hash: str | None, picture: Picture) -> None:
    """Store what was found under the medium's mark. Inside the medium's lock, `is_current` checked under it.

    Whoever is told of the medium's likeness is called when that is another, and a picture that no medium shows any more
    leaves the index: what it showed before is only known now.
    """
    sql = load("inspections")
    before = await duplicates.read_concerned(connection, medium.media_id)
    rows = await connection.fetch(sql["inspections_lock_pictures"], medium.media_id, content_hash)
    if content_hash is not None:
        measures = picture.measures and picture.measures.model_dump(mode="json")
        await connection.execute(
            sql["inspections_keep_picture"], content_hash, picture.format, picture.width, picture.height,
            picture.pixel_hash, picture.unreadable, measures, picture.phash, picture.nsfw, MEASURES_VERSION,
            picture.nsfw_tried, picture.embedded and picture.embedded.model_dump(mode="json"),
            picture.sketch and picture.sketch.cells, picture.taken and picture.taken.model_dump(mode="json"),
        )  # fmt: skip
    reason = picture.unreadable if content_hash is None else None
    await connection.execute(sql["inspections_settle"], medium.media_id, medium.mark, content_hash, reason)
    await connection.execute(sql["inspections_seek"], medium.media_id, SKETCH_VERSION)
    after = await duplicates.read_concerned(connection, medium.media_id)
    if before != after:
        await duplicates.call(connection, (before | after) - {medium.media_id})
    for former in {row["content_hash"] for row in rows} - {content_hash}:
        await likenesses.remove(connection, [former])
        await connection.execute(sql["inspections_leave"], former)


async def find_platform_hashes(connection: Connection, content_hash: str) -> list[int]:
    """The platform's own perceptual hashes of a picture: 64 bits each, as signed numbers."""
    rows = await connection.fetch(load("inspections")["inspections_platform_hashes"], content_hash)
    return [row["platform_phash"] for row in rows]


async def compare(connection: Connection, content_hash: str, phash: int) -> None:
    """Keep how near the nearest other picture is, the first time.

    After the commit that keeps the picture: two newcomers would miss each other inside their transactions (P24).
    """
    await connection.execute(load("inspections")["inspections_compare"], content_hash, phash)


async def claim_uncompared(connection: Connection, limit: int, hold: timedelta) -> list[tuple[str, int]]:
    """Take up to `limit` pictures that nobody lived to compare, by content hash and perceptual hash.

    After `hold` others may. A picture that is forgotten by now has 0, and is not compared.
    """
    rows = await connection.fetch(load("inspections")["inspections_claim_uncompared"], limit, hold)
    return [(row["content_hash"], row["phash"] or 0) for row in rows]


async def find_nsfw(connection: Connection, content_hash: str) -> float | None:
    """The detector's score of a content hash that was looked at before; None when there is none."""
    score: float | None = await connection.fetchval(load("inspections")["inspections_nsfw"], content_hash)
    return score


async def poison(connection: Connection, content_hash: str | None) -> None:
    """No job may send this picture any more: it crashes the model's runner."""
    await connection.execute(load("inspections")["inspections_poison"], content_hash)


async def postpone(connection: Connection, medium: Uninspected, delay: timedelta, *, vain: bool) -> None:
    """Look again after `delay`; `vain` counts this look."""
    await connection.execute(load("inspections")["inspections_postpone"], medium.media_id, delay, int(vain))
