"""Answers that were given before, to be taken over instead of asking again."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.facts import Picture
from db.pool import Connection
from db.queries import load

CONTENTS_LIMIT = 100
"""Files with the same pixels that are looked at, the latest first: more were hardly ever worth a moment."""
ANSWERS_LIMIT = 8
"""Answers that are looked at, the newest first: mostly the first one fits."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run that ended with an answer, as the model gave it."""

    id: int
    media_id: int
    recipe: str
    model: str
    raw_answer: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which answers may be taken over for the medium `media_id`.

    `writes` are the fields of the job type, `own_names` the platform's keys for the same, `told` what both media must
    say alike.
    """

    media_id: int
    language: str
    writes: Sequence[str]
    own_names: Sequence[str]
    told: Sequence[str]


async def find_contents(connection: Connection, picture: Picture) -> list[str]:
    """The content hashes of readable pictures with these pixels."""
    sql = load("reuse")["reuse_contents"]
    rows = await connection.fetch(sql, picture.pixel_hash, picture.width, picture.height, CONTENTS_LIMIT)
    return [row["content_hash"] for row in rows]


async def find_answers(connection: Connection, fingerprints: Sequence[str], wanted: Wanted) -> list[Earlier]:
    """Answers with one of these fingerprints that nobody has overruled since, the newest first."""
    rows = await connection.fetch(
        load("reuse")["reuse_answers"], fingerprints, wanted.language, wanted.writes, wanted.own_names, wanted.told,
        wanted.media_id, ANSWERS_LIMIT,
    )  # fmt: skip
    return [Earlier(**row) for row in rows]
