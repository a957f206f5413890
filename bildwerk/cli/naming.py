"""Media as people name them, and what they are shown of them."""

from pathlib import Path
from typing import Final

from bildwerk.cli.problem import Problem
from bildwerk.settings import Settings
from db.pool import Connection
from db.reads import find_medium

NAMED: Final = "Its id, its path below the media root, or its file."


async def find_named(connection: Connection, settings: Settings, name: str) -> int:
    """The id of the medium. Raises Problem when there is none."""
    media_id = await find_medium(connection, name)
    if media_id is None and (below := _locate(settings.media_root, name)) is not None:
        media_id = await find_medium(connection, below)
    if media_id is None:
        raise Problem(f"there is no medium with the id or path {name!r}: `bildwerk ingest` adds files")
    return media_id


def printable(line: str) -> str:
    """Anybody's value may stand there: nothing that a terminal would obey."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)


def escaped(text: str) -> str:
    """The same with what a terminal would obey, or not show, as Python writes it in a literal: nothing is lost."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _locate(root: Path, name: str) -> str | None:
    """The path below the media root of a file that is named from where the person stands."""
    place, base = Path(name), root.resolve()
    place = place.parent.resolve() / place.name
    return str(place.relative_to(base)) if place.is_relative_to(base) else None
