"""Hearing everything that is logged."""

import io
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bildwerk.telemetry import logs


@contextmanager
def listening() -> Iterator[io.StringIO]:
    """Everything that is logged meanwhile, at every level."""
    stream = io.StringIO()
    hook, show, level, handlers = sys.excepthook, warnings.showwarning, logging.root.level, logging.root.handlers[:]
    logging.root.handlers.clear()  # taken away, not closed: they are put back
    logs.configure("debug", stream=stream)
    logging.root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        structlog.reset_defaults()
        sys.excepthook, warnings.showwarning = hook, show
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
