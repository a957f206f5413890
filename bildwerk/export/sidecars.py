"""Sidecars on disk: written, renewed while they are ours, and left alone as soon as somebody else touches them."""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePath
from typing import Final, Literal

from bildwerk.export.folders import Taken, hold_folder, put_file, read_small
from bildwerk.export.xmp import Properties, is_of, is_ours, write_sidecar
from handlers.failures import Invalid
from handlers.inspect.places import locate_below, read_scheme
from handlers.inspect.references import MediaRoot

Naming = Literal["full", "stem"]
LIMIT: Final = 1 << 20
"""Bytes of a sidecar that may be ours."""
_DENIED: Final = (errno.EACCES, errno.EPERM)
_UNNAMEABLE: Final = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.EILSEQ)


class Outcome(Enum):
    """What became of one medium's sidecar."""

    WRITTEN = "written"
    RENEWED = "renewed"
    SAME = "unchanged"
    FOREIGN = "left alone: another program's, or changed since we wrote them"
    OTHERS = "left alone: they are those of another picture with the same name"
    DENIED = "not written: the folder may not be written to"
    UNNAMEABLE = "not written: no file can have such a name there, or something else is in the way"
    ELSEWHERE = "not written: the picture is not a file here"
    MISSING = "not written: the picture is not there, or may not be read"
    EMPTY = "not needed: there is nothing to tell"


PROBLEMS: Final = (
    Outcome.FOREIGN,
    Outcome.OTHERS,
    Outcome.DENIED,
    Outcome.UNNAMEABLE,
    Outcome.ELSEWHERE,
    Outcome.MISSING,
)
"""Those of which a person wants to know where."""


class ReadOnly(Exception):
    """The folder is on a file system that is mounted read-only."""


@dataclass(frozen=True, slots=True)
class Sidecars:
    """Writes beside the pictures, or in the same tree of folders below `into`; `roots` are media roots by name.

    Named `full`, the sidecar of `a.jpg` is `a.jpg.xmp`, else `a.xmp`. All methods block.
    """

    roots: Mapping[str, MediaRoot]
    into: Path | None = None
    naming: Naming = "full"

    def put(self, reference: str, properties: Properties) -> Outcome:
        """Bring the sidecar of one picture up to date.

        Raises ReadOnly, `Unavailable` when the media root is away, and OSError when the disk is full or broken.
        """
        if read_scheme(reference):
            return Outcome.ELSEWHERE
        try:
            name, root, path = self._locate(reference)
            with root.open(path) as picture:
                mode = os.fstat(picture.fileno()).st_mode & 0o666
            steps, picture_name = root.find_folder(path)
        except Invalid:
            return Outcome.MISSING
        base, steps = (root.path, steps) if self.into is None else (self.into, (*filter(None, [name]), *steps))
        try:
            with hold_folder(base, steps, make=self.into is not None) as folder:
                return self._put(folder, picture_name, properties, mode)
        except Taken:
            return Outcome.FOREIGN
        except OSError as error:
            if error.errno == errno.EROFS:
                raise ReadOnly(str(base)) from error
            if error.errno in _DENIED:
                return Outcome.DENIED
            if error.errno in _UNNAMEABLE:
                return Outcome.UNNAMEABLE
            raise

    def _put(self, folder: int, picture: str, properties: Properties, mode: int) -> Outcome:
        name = f"{picture if self.naming == 'full' else PurePath(picture).stem}.xmp"
        found = read_small(folder, name, LIMIT)
        if found is None and properties.empty:
            return Outcome.EMPTY
        data = write_sidecar(properties, picture)
        if found is None:
            put_file(folder, name, data, mode, None)
            return Outcome.WRITTEN
        there, status = found
        if not is_ours(there):
            return Outcome.FOREIGN
        if not is_of(there, picture):
            return Outcome.OTHERS
        if there == data:
            return Outcome.SAME
        put_file(folder, name, data, mode, status)
        return Outcome.RENEWED

    def _locate(self, reference: str) -> tuple[str, MediaRoot, str]:
        """The media root's name, the root, and what the picture is called below it. Raises Invalid."""
        place = locate_below(reference, self.roots)
        return place.store, self.roots[place.store], place.name
