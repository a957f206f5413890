"""What goes wrong around us, as lines for a person; never a traceback."""

import sys
from collections.abc import Iterable, Sequence

import typer

from bildwerk.demo.pictures import PicturesMissing
from bildwerk.demo.service import ServiceEnded
from bildwerk.environment import SettingsError
from bildwerk.ingest import OutsideRoot
from bildwerk.sandbox.failure import SandboxError
from db.trouble import explain


class Problem(Exception):
    """Something a person has to mend; each argument is one line: what, where, and what to do."""


def lines_of(error: BaseException) -> Iterable[str] | None:
    """The lines that explain an error of the environment; None for a mistake of ours."""
    match error:
        case SettingsError():
            return error.problems
        case Problem():
            return map(str, error.args)
        case OutsideRoot():
            return [
                f"{error} is not below the media root: move it, or point BILDWERK_MEDIA_ROOT at a folder that holds it"
            ]
        case SandboxError() | PicturesMissing():
            return [str(error)]
        case ServiceEnded():
            return [f"`bildwerk serve` ended by itself: {error}"]
        case BaseExceptionGroup():
            return _lines_of_all(error.exceptions)
        case FileNotFoundError() | PermissionError() | NotADirectoryError() | IsADirectoryError():
            return [f"{error.filename or error}: {error.strerror or 'is not there'}"]
    sentence = explain(error)
    return None if sentence is None else [f"PostgreSQL {sentence}"]


def _lines_of_all(errors: Sequence[BaseException]) -> Iterable[str] | None:
    found = [lines_of(error) for error in errors]
    return None if None in found else [line for lines in found for line in lines or ()]


def refuse(error: BaseException) -> bool:
    """Print an error of the environment; False when it is none."""
    lines = lines_of(error)
    for line in lines or ():
        typer.echo(f"bildwerk: {line}", err=True)
    sys.stderr.flush()
    return lines is not None
