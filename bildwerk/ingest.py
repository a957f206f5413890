"""Bringing folders of pictures into the library: walk, hash, and put in batches, each one transaction."""

import asyncio
import hashlib
import mimetypes
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from db import library
from db.library import File
from db.pool import Pool
from handlers.failures import Failure
from handlers.inspect.references import MediaRoot
from handlers.runner.planning import Planner, PlanRequest

TYPES: Final[Mapping[str, str]] = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".dng": "image/x-adobe-dng",
    ".cr2": "image/x-canon-cr2",
    ".cr3": "image/x-canon-cr3",
    ".nef": "image/x-nikon-nef",
    ".arw": "image/x-sony-arw",
    ".orf": "image/x-olympus-orf",
    ".rw2": "image/x-panasonic-rw2",
    ".raf": "image/x-fuji-raf",
    ".pef": "image/x-pentax-pef",
    ".srw": "image/x-samsung-srw",
}
"""What counts as a picture, by suffix; what is inside is the inspector's business."""
BATCH: Final = 100
READERS: Final = 4
"""Files hashed at a time: hashing leaves the interpreter's lock, and network storage likes company."""


class OutsideRoot(Exception):
    """A path that is not below the media root."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What an ingest came to, in files; `unreadable` names those that cannot be read or whose name is not text."""

    added: int = 0
    changed: int = 0
    same: int = 0
    unreadable: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Files looked at."""
        return self.added + self.changed + self.same + len(self.unreadable)


def find_files(root: Path, paths: Iterable[Path]) -> Iterator[str]:
    """Pictures at and below `paths`, relative to `root`, each once, in order of their names; hidden ones are left out.

    Raises OutsideRoot, and FileNotFoundError for a path that is not there.
    """
    base, seen = root.resolve(), set[str]()
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(str(path))
        place = path.resolve() if path.is_dir() else path.parent.resolve() / path.name
        if not place.is_relative_to(base):
            raise OutsideRoot(str(path))
        for found in _walk(place):
            name = str(found.relative_to(base))
            if name not in seen:
                seen.add(name)
                yield name


def _walk(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
        return
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in TYPES:
                yield Path(folder, name)


def read_file(root: Path, name: str) -> File | None:
    """What the library keeps of one file; None when it cannot be read or its name is not text."""
    try:
        name.encode()
        # Not a plain open: that of a pipe waits for a writer, and a symlink may lead out of the root.
        with MediaRoot(root).open(name) as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            status = os.fstat(stream.fileno())
    except (Failure, UnicodeEncodeError):
        return None
    kind = TYPES.get(Path(name).suffix.lower()) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return File(name, digest, kind, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


async def ingest(
    pool: Pool,
    planner: Planner,
    root: Path,
    names: Sequence[str],
    tell: Callable[[Tally], None] = lambda _: None,
    *,
    priority: int | None = None,
) -> Tally:
    """Put the files named into the library and plan what is new or changed; `tell` hears after each batch.

    `priority` is their place in line, as an event says it: 100 is first, -100 last, None leaves it where it is.

    Each batch is one transaction: stopped at any moment, the next run goes on where this one was.
    """
    tally = Tally()
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(READERS, thread_name_prefix="ingest") as readers:
        for start in range(0, len(names), BATCH):
            batch = names[start : start + BATCH]
            read = await asyncio.gather(*(loop.run_in_executor(readers, read_file, root, name) for name in batch))
            files = [file for file in read if file is not None]
            added, changed = await _put(pool, planner, files, priority)
            tally = Tally(
                added=tally.added + added,
                changed=tally.changed + changed,
                same=tally.same + len(files) - added - changed,
                unreadable=(*tally.unreadable, *(name for name, file in zip(batch, read, strict=True) if file is None)),
            )
            tell(tally)
    return tally


async def _put(pool: Pool, planner: Planner, files: Sequence[File], priority: int | None) -> tuple[int, int]:
    if not files:
        return 0, 0
    async with pool.acquire() as connection, connection.transaction():
        put = await library.put_files(connection, files)
        await planner.plan_media(
            connection, [PlanRequest(media_id, priority=priority) for media_id in (*put.added, *put.changed)]
        )
        await library.announce(connection, put)
    return len(put.added), len(put.changed)
