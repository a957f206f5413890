"""Writing into folders so that nothing leads elsewhere meanwhile, and no file is ever half there."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""How a file system says that it has no hard links."""


class Taken(Exception):
    """Somebody else's file is there, or what was there is not that any more."""


@contextmanager
def hold_folder(base: Path, steps: tuple[str, ...], *, make: bool = False) -> Iterator[int]:
    """The folder so many steps below `base`, as a descriptor; no step is a symlink. Raises OSError."""
    with ExitStack() as opened:
        folder = _hold(os.open(os.path.realpath(base), _FOLDER), opened)
        for step in steps:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(step, dir_fd=folder)
            folder = _hold(os.open(step, _FOLDER, dir_fd=folder), opened)
        yield folder


def read_small(folder: int, name: str, limit: int) -> tuple[bytes, os.stat_result] | None:
    """The file's bytes, with what tells whether it changes; None: there is none.

    Raises Taken for what is no regular file of at most `limit` bytes.
    """
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR):
            raise Taken from error
        raise
    with ExitStack() as opened:
        status = os.fstat(_hold(descriptor, opened))
        if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
            raise Taken
        file = opened.enter_context(os.fdopen(descriptor, "rb", closefd=False))
        return file.read(limit + 1), status


def put_file(folder: int, name: str, data: bytes, mode: int, before: os.stat_result | None) -> None:
    """Write the file, whole or not at all, in the place of the one that is there `before`.

    Raises Taken where there is another one by now, and OSError.
    """
    draft = f".{uuid4().hex}.bildwerk"
    try:
        _write_draft(folder, draft, data, mode)
        if before is None:
            _put_new(folder, draft, name)
        elif not _is_still(folder, name, before):
            raise Taken
        else:
            os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)


def _write_draft(folder: int, draft: str, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(draft, _WRITE, mode, dir_fd=folder), "wb") as file:
        with suppress(PermissionError):  # a file system without modes
            os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # a name whose file a power failure emptied would be somebody else's for ever


def _put_new(folder: int, draft: str, name: str) -> None:
    """Give the draft its name, unless somebody has taken that."""
    try:
        os.link(draft, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError as error:
        raise Taken from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        try:
            os.close(os.open(name, _WRITE, dir_fd=folder))
        except FileExistsError as taken:
            raise Taken from taken
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)


def _is_still(folder: int, name: str, before: os.stat_result) -> bool:
    try:
        now = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return (now.st_ino, now.st_size, now.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)


def _hold(descriptor: int, opened: ExitStack) -> int:
    opened.callback(os.close, descriptor)
    return descriptor
