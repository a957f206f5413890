"""The command `bildwerk`: one module per command."""

import gc
import signal
import sys
from collections.abc import Callable
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT
"""What a shell expects of a program that Ctrl-C ended."""


def main() -> None:
    """Run one command. However it is asked to end, by Ctrl-C, SIGTERM or a closed terminal, it tidies up first."""
    received = [signal.SIGINT]

    def pass_on(number: int, _: FrameType | None) -> None:
        received.append(signal.Signals(number))
        signal.raise_signal(signal.SIGINT)

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a script's background job: what follows rests on it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # not under nohup
            signal.signal(number, pass_on)
    try:
        # Importing takes a moment, and Ctrl-C may come in it.
        _load()()
    except KeyboardInterrupt:
        sys.exit(128 + received[-1])
    except SystemExit as ending:
        sys.exit(128 + received[-1] if ending.code == INTERRUPTED else ending.code)


def _load() -> Callable[[], None]:
    """Import the commands. Nothing of what that makes is ever garbage: looking for some would take a third of it."""
    gc.disable()
    try:
        from bildwerk.cli.commands import run  # noqa: PLC0415
    finally:
        gc.freeze()
        gc.enable()
    return run
