"""Files below a media root: the only ones of this computer that a reference can reach."""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from handlers.failures import Failure, Invalid, Unavailable
from handlers.inspect.limits import PictureLimits
from handlers.inspect.reasons import Reason

MAX_REFERENCE_BYTES = 4096
"""PATH_MAX of Linux: no longer path can be opened."""

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:/")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class MediaRoot:
    """A folder of media. All methods block: call them in a thread or a child process.

    Without its file `sentinel`, or when it is `mounted` and no longer a mount point, the root is away: nothing is read
    there.
    """

    path: Path
    sentinel: str | None = None
    mounted: bool = False

    @classmethod
    def note(cls, path: Path, sentinel: str | None = None) -> "MediaRoot":
        """The root as it is now: one that is a mount point has to stay one."""
        return cls(path, sentinel, os.path.ismount(os.path.realpath(path)))

    def check(self, *, expect_files: bool = False) -> None:
        """Raise `Unavailable` unless the root is there, can be listed and, if files are expected, has any.

        An empty root is fine before the first upload, but is also what a mount point looks like
        without its mount: after files were missed there, ask with `expect_files`.
        """
        try:
            self._require_itself()
            empty = self._is_empty()
        except OSError as error:
            raise Unavailable(Reason.MEDIA_ROOT_UNAVAILABLE, str(error)) from error
        if empty and expect_files:
            raise Unavailable(Reason.MEDIA_ROOT_UNAVAILABLE, "the media root is empty")

    def _require_itself(self) -> None:
        """Raise Unavailable where only the folder is left that the root was mounted on, and OSError."""
        real = os.path.realpath(self.path)
        if self.mounted and not os.path.ismount(real):
            raise Unavailable(Reason.MEDIA_ROOT_UNAVAILABLE, "the media root is no longer mounted")
        try:
            os.stat(os.path.join(real, self.sentinel or ""))  # noqa: PTH116, PTH118 - one system call per picture
        except FileNotFoundError as error:
            raise Unavailable(Reason.MEDIA_ROOT_UNAVAILABLE, "the sentinel, or the media root, is missing") from error

    @contextmanager
    def open(self, reference: str) -> Iterator[BufferedReader]:
        """Open the file of that name: relative to the root, absolute below it, or a `file:` URI.

        Symlinks are followed as long as they stay below the root. Nothing but a regular file is
        ever opened. Failures of the system while the file is open are named too. Raises `Invalid`
        and `Unavailable` (see `Reason`).
        """
        try:
            with ExitStack() as opened:
                yield self._descend(self._locate(reference), opened)
        except OSError as error:
            raise self._explain(error) from error

    def find_folder(self, reference: str) -> tuple[tuple[str, ...], str]:
        """The steps from the real root to the real folder that the file is named in, and its name there.

        Opens nothing. Raises `Invalid` where the folder is not below the root.
        """
        path = _plain_path(reference)
        return self._locate(str(path.parent)), path.name

    def read(self, reference: str, limits: PictureLimits) -> bytes:
        """The file's bytes, 1 to `limits.max_bytes`. Raises as `open`, and both size reasons."""
        with self.open(reference) as file:
            require_size(os.fstat(file.fileno()).st_size, limits)
            data = file.read(limits.max_bytes + 1)
        require_size(len(data), limits)
        return data

    def _locate(self, reference: str) -> tuple[str, ...]:
        """The steps from the real root to the real file; opens nothing."""
        path = _plain_path(reference)
        root = os.path.realpath(self.path)
        if path.is_absolute() and not any(path.is_relative_to(base) for base in (root, self.path.absolute())):
            raise Invalid(Reason.BAD_REFERENCE, "outside the media root")
        real = PurePosixPath(os.path.realpath(self.path.absolute() / path))
        if not real.is_relative_to(root):
            raise Invalid(Reason.BAD_REFERENCE, "leads out of the media root")
        return real.relative_to(root).parts

    def _descend(self, steps: tuple[str, ...], opened: ExitStack) -> BufferedReader:
        """Walk down holding each folder, so that a path swapped meanwhile leads nowhere else."""
        try:
            self._require_itself()
            folder = _hold(os.open(os.path.realpath(self.path), _FOLDER), opened)
        except OSError as error:
            raise Unavailable(Reason.MEDIA_ROOT_UNAVAILABLE, str(error)) from error
        if not steps:
            raise Invalid(Reason.NOT_A_FILE, "the media root itself")
        *folders, name = steps
        for step in folders:
            folder = _hold(os.open(step, _FOLDER, dir_fd=folder), opened)
        _require_regular(os.stat(name, dir_fd=folder, follow_symlinks=False))
        file = opened.enter_context(os.fdopen(os.open(name, _FILE, dir_fd=folder), "rb"))
        _require_regular(os.fstat(file.fileno()))
        return file

    def _is_empty(self) -> bool:
        with os.scandir(self.path) as entries:
            return next(entries, None) is None

    def _explain(self, error: OSError) -> Failure:
        match error.errno:
            case errno.ENOENT | errno.ENOTDIR:
                try:
                    self.check(expect_files=True)
                except Unavailable as away:
                    return away
                return Invalid(Reason.MISSING_FILE, str(error))
            case errno.EACCES | errno.EPERM:
                return Invalid(Reason.PERMISSION_DENIED, str(error))
            case errno.ELOOP | errno.ENAMETOOLONG:
                return Invalid(Reason.BAD_REFERENCE, str(error))
            case _:  # EIO, ESTALE, ENOTCONN, ETIMEDOUT ...: the store's trouble, not the file's
                return Unavailable(Reason.MEDIA_ROOT_UNAVAILABLE, str(error))


def require_size(size: int, limits: PictureLimits) -> None:
    """Raise `Invalid` unless `size` (bytes) is that of a file worth reading."""
    if size == 0:
        raise Invalid(Reason.EMPTY_FILE)
    if size > limits.max_bytes:
        raise Invalid(Reason.FILE_TOO_LARGE, f"more than {limits.max_bytes} bytes")


def _plain_path(reference: str) -> PurePosixPath:
    if reference[:5].lower() == "file:":
        reference = _uri_path(reference[5:])
    elif _SCHEME.match(reference):
        raise Invalid(Reason.BAD_REFERENCE, "a URL")
    try:
        encoded = os.fsencode(reference)
    except UnicodeEncodeError as error:
        raise Invalid(Reason.BAD_REFERENCE, "not a file name") from error
    if not encoded or b"\0" in encoded or len(encoded) > MAX_REFERENCE_BYTES:
        raise Invalid(Reason.BAD_REFERENCE, f"{len(encoded)} bytes, or NUL among them")
    path = PurePosixPath(reference)
    if ".." in path.parts:
        raise Invalid(Reason.BAD_REFERENCE, "goes up")
    return path


def _uri_path(after_scheme: str) -> str:
    """The path of a `file:` URI of this computer (RFC 8089)."""
    path = after_scheme
    if path.startswith("//"):
        host, slash, rest = path[2:].partition("/")
        path = slash + rest if host.lower() in {"", "localhost"} else ""
    if not path.startswith("/") or "?" in path or "#" in path:
        raise Invalid(Reason.BAD_REFERENCE, "not a local file URI")
    return unquote(path, errors="surrogateescape")


def _hold(descriptor: int, opened: ExitStack) -> int:
    opened.callback(os.close, descriptor)
    return descriptor


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise Invalid(Reason.BAD_REFERENCE, "became a symlink, or a loop of them")
    if not stat.S_ISREG(status.st_mode):
        raise Invalid(Reason.NOT_A_FILE)
