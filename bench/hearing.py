"""What this process logs, heard at once: a job's end is logged right after its commit."""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import structlog

Event: TypeAlias = MutableMapping[str, Any]


@contextmanager
def hear(name: str, tell: Callable[[Event], None]) -> Iterator[None]:
    """Tell of every event of that name, as long as the block lasts."""

    def listen(_logger: Any, _method: str, event: Event) -> Event:
        if event["event"] == name:
            tell(event)
        return event

    kept = structlog.get_config()["processors"]
    structlog.configure(processors=[listen, *kept])
    try:
        yield
    finally:
        structlog.configure(processors=kept)
