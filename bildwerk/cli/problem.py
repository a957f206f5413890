"""What goes wrong around us, as lines for a person; never a traceback."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import typer

from bildwerk.demo.pictures import PicturesMissing
from bildwerk.demo.service import ServiceEnded
from bildwerk.environment import SettingsError
from bildwerk.ingest import OutsideRoot
from bildwerk.sandbox.failure import SandboxError
from bildwerk.web.server import PortTaken
from bildwerk.wiring import CutShort
from db.platform import NotThere
from db.trouble import explain
from handlers.inspect.nsfw import DetectorMissing
from handlers.policy.rule_file import BadRules


class Problem(Exception):
    """Something a person has to mend; each argument is one line: what, where, and what to do."""


MOVE_IT: Final = "move it, or point BILDWERK_MEDIA_ROOT at a folder that holds it"
LINES: Final[dict[type[BaseException], Callable[[Any], Iterable[str]]]] = {
    # The most derived class decides.
    SettingsError: lambda error: error.problems,
    Problem: lambda error: map(str, error.args),
    BadRules: lambda error: map(str, error.args),
    DetectorMissing: lambda error: [f"BILDWERK_NSFW_DETECTOR is open_nsfw, but {error}, or set it to none"],
    OutsideRoot: lambda error: [f"{error} is not below the media root: {MOVE_IT}"],
    SandboxError: lambda error: [str(error)],
    NotThere: lambda error: [f"the platform has no {error} (BILDWERK_PLATFORM): nothing can be written there"],
    PicturesMissing: lambda error: [str(error)],
    CutShort: lambda error: [str(error)],
    PortTaken: lambda error: [f"{error}: set BILDWERK_WEB_PORT to a free port, or to 0 for no pages"],
    ServiceEnded: lambda error: [f"`bildwerk serve` ended by itself: {error}"],
    FileNotFoundError: lambda error: [f"{error.filename or error}: {error.strerror or 'is not there'}"],
    PermissionError: lambda error: [f"{error.filename or error}: {error.strerror or 'may not be used'}"],
    FileExistsError: lambda error: [f"{error.filename or error}: is there already, and is not a folder"],
    NotADirectoryError: lambda error: [f"{error.filename or error}: {error.strerror or 'is not a folder'}"],
}


def lines_of(error: BaseException) -> Sequence[str] | None:
    """The lines that explain an error of the environment; None for a mistake of ours."""
    if isinstance(error, BaseExceptionGroup):
        found = [lines_of(inner) for inner in error.exceptions]
        return None if None in found else [line for lines in found for line in lines or ()]
    for kind in type(error).__mro__:
        if kind in LINES:
            return list(LINES[kind](error))
    if isinstance(error, OSError):
        return [f"{error.filename}: {error.strerror}"] if error.filename else None
    sentence = explain(error)
    return None if sentence is None else [f"PostgreSQL {sentence}"]


def refuse(error: BaseException) -> bool:
    """Print an error of the environment; False when it is none."""
    lines = lines_of(error)
    for line in lines or ():
        typer.echo(f"bildwerk: {line}", err=True)
    sys.stderr.flush()
    return lines is not None
