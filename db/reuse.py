"""Answers that were given before, to be taken over instead of asking again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.facts import Picture
from db.pool import Connection
from db.queries import load

CONTENTS_LIMIT = 100
"""Different files with the same pixels that are looked at, the latest first: of more, the oldest hardly matter."""
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
    job_type: str
    language: str
    writes: Sequence[str]
    own_names: Sequence[str]
    told: Sequence[str]


async def find_contents(connection: Connection, picture: Picture, job_type: str) -> list[str]:
    """The content hashes of readable pictures with these pixels about which the model answered."""
    rows = await connection.fetch(
        load("reuse")["reuse_contents"], picture.pixel_hash, picture.width, picture.height, job_type, CONTENTS_LIMIT
    )
    return [row["content_hash"] for row in rows]


async def find_answers(connection: Connection, fingerprints: Mapping[str, str], wanted: Wanted) -> list[Earlier]:
    """Answers about these contents, each with its fingerprint, that nobody has overruled since; the newest first."""
    rows = await connection.fetch(
        load("reuse")["reuse_answers"], list(fingerprints), wanted.job_type, list(fingerprints.values()),
        wanted.language, wanted.writes, wanted.own_names, wanted.told, wanted.media_id, ANSWERS_LIMIT,
    )  # fmt: skip
    return [Earlier(**row) for row in rows]
