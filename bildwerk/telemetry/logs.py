"""One stream of log events: ours by structlog, the libraries' by way of `logging`, all redacted."""

import logging
import sys
import warnings
from collections.abc import Callable, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import orjson
import structlog

from bildwerk.telemetry.redaction import redact

Format = Literal["json", "console"]
Watcher = Callable[[str, MutableMapping[str, Any]], None]
LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
LIBRARIES: Final = logging.WARNING
"""Least severity at which a library is heard; below it they narrate every request."""
QUIET: Final = 10.0
"""Seconds between two lines from one place in a library: of a broker that is away aiokafka tells 100 times a second."""


def configure(
    level: str = "info", form: Format = "json", watcher: Watcher | None = None, stream: TextIO | None = None
) -> None:
    """Send every log event of this process to `stream` (default: standard error), redacted.

    `watcher` sees each of our events by name before it is filtered by level: metrics are counted there.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *([_watched(watcher)] if watcher else []),
            _at_least(LEVELS[level]),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            *_renderers(form),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        logger_factory=lambda *_names: structlog.WriteLogger(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=LIBRARIES, handlers=[Libraries()], force=True)
    warnings.showwarning = _log_warning
    sys.excepthook = _log_uncaught


def silence() -> None:
    """Say nothing, for commands that speak to a person themselves."""
    structlog.configure(processors=[_drop])
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


class Libraries(logging.Handler):
    """What libraries log: where in their code, and what was raised. Their sentences quote data and stay out.

    A place is heard once in QUIET seconds; `unheard` counts what it said in between. Exceptions are always heard.
    """

    def __init__(self) -> None:
        super().__init__()
        self._heard: dict[tuple[str, str], tuple[float, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on as an event of ours."""
        at = f"{record.module}.{record.funcName}:{record.lineno}"
        heard, unheard = self._heard.get((record.name, at), (-QUIET, 0))
        if 0 <= record.created - heard < QUIET and not record.exc_info:
            self._heard[record.name, at] = heard, unheard + 1
            return
        self._heard[record.name, at] = record.created, 0
        structlog.get_logger().log(
            min(max(record.levelno, logging.DEBUG), logging.CRITICAL) // 10 * 10,
            "library.logged",
            logger=record.name,
            at=at,
            unheard=unheard,
            exc_info=record.exc_info,
        )


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("process.crashed", exc_info=error.with_traceback(traceback))


def _drop(_logger: object, _method: str, _event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    raise structlog.DropEvent


def _log_warning(
    message: Warning | str,  # noqa: ARG001 - may quote data
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - the signature of warnings.showwarning
    line: str | None = None,  # noqa: ARG001 - as above
) -> None:
    at = f"{Path(filename).stem}:{lineno}"
    structlog.get_logger().warning("library.warned", error=category.__name__, at=at)


def _watched(watcher: Watcher) -> structlog.typing.Processor:
    def watch(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        watcher(str(event.get("event")), event)
        return event

    return watch


def _at_least(least: int) -> structlog.typing.Processor:
    def keep(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if LEVELS[event["level"]] < least:
            raise structlog.DropEvent
        return event

    return keep


def _renderers(form: Format) -> list[structlog.typing.Processor]:
    if form == "json":
        return [structlog.processors.JSONRenderer(serializer=lambda event, **_: orjson.dumps(event).decode())]
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
