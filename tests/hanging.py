"""A test that hangs fails, by name: it must not take all others with it.

What hangs in C, where no signal's handler runs, is shown by `faulthandler_timeout` (pyproject.toml) alone.
"""

import os
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

LIMIT_SECONDS = float(os.environ.get("TEST_LIMIT_SECONDS") or 900)
"""What the slowest takes on a busy computer, several times; the setup, the test and what follows have it each."""
AGAIN_SECONDS = 30.0
"""An error raised anywhere may be caught by whatever was running."""


@contextmanager
def _limited(item: pytest.Item) -> Iterator[None]:
    def fail(_: int, frame: FrameType | None) -> None:
        where = f" in {frame.f_code.co_filename}:{frame.f_lineno}" if frame else ""
        pytest.fail(f"{item.nodeid} hung: it took more than {LIMIT_SECONDS:g} s, and was{where}")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_SECONDS, AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Limit what the fixtures take."""
    with _limited(item):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Limit what the test takes."""
    with _limited(item):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Limit what is done after it."""
    with _limited(item):
        yield
