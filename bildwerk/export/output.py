"""Where lines and tables go: a file that is there only when it is whole, or the standard output."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Final

STDOUT: Final = "-"


@contextmanager
def open_output(name: str) -> Iterator[IO[bytes]]:
    """What to write to. An ordinary file takes the place of the one that is there once everything is written.

    Raises OSError, naming the file.
    """
    path = Path(name)
    if name == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif path.exists() and not path.is_file():
        with path.open("wb") as device:
            yield device
    else:
        with _replace(path) as draft:
            yield draft


@contextmanager
def _replace(path: Path) -> Iterator[IO[bytes]]:
    target = Path(os.path.realpath(path))
    try:
        draft = NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False)  # noqa: SIM115 - renamed below
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error
    try:
        with draft:
            yield draft
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).chmod(_mode(target))
        Path(draft.name).replace(target)
    finally:
        with suppress(FileNotFoundError):
            Path(draft.name).unlink()


def _mode(target: Path) -> int:
    with suppress(FileNotFoundError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
