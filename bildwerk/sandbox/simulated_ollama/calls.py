"""Every call that was made: what it was for, when it held a slot, how it ended.

Holds hashes, ids, counts and codes only: never prompts, answers or pictures.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bildwerk.sandbox.simulated_ollama.errors import ClientGone, RunnerCrashed


@dataclass(slots=True)
class Record:
    """One call as the log shows it. Times are `time.time()`.

    A call runs from `start`, when it got its slot, to `end`; both are None for one that never got a slot. `concurrent`
    counts the running calls at its start, itself included. `picture` is the digest of the first of its `pictures`.
    `given_up` says that the client hung up before its answer; `status` is the HTTP status sent, None when there was
    nobody to send it to.
    """

    number: int
    path: str
    arrived: float
    media: str | None = None
    job: str | None = None
    probe: bool = False
    model: str | None = None
    picture: str | None = None
    pictures: int = 0
    start: float | None = None
    end: float | None = None
    slot: int | None = None
    concurrent: int | None = None
    given_up: bool = False
    status: int | None = None
    done_reason: str | None = None
    fault: str | None = None
    load_seconds: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    prompt_seconds: float = 0.0
    eval_tokens: int = 0
    finished: bool = False


@dataclass(slots=True)
class Call:
    """A call under way: its record, and what may interrupt it."""

    record: Record
    gone: bool = False
    crash: str | None = None
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def hang_up(self) -> None:
        """The client is no longer there."""
        self.gone = True
        self.stirred.set()

    def kill(self, text: str) -> None:
        """The runner died under it; `text` is what the client gets."""
        self.crash = text
        self.stirred.set()

    async def pause(self, seconds: float, *, deaf: bool = False, until: Callable[[], bool] | None = None) -> None:
        """Let time pass. `deaf` means that a disconnect does not end it; `until` ends it early, when true at a stir.

        Raises `RunnerCrashed`, or `ClientGone` (also after a deaf pause).
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            if self.crash is not None:
                raise RunnerCrashed(self.crash)
            if self.gone and not deaf:
                raise ClientGone
            left = deadline - loop.time()
            if left <= 0 or (until is not None and until()):
                break
            self.stirred.clear()
            try:
                async with asyncio.timeout(min(left, 1e6)):
                    await self.stirred.wait()
            except TimeoutError:
                continue
        if self.gone:
            raise ClientGone


class CallLog:
    """All calls in order of arrival, in memory and, one JSON line per finished call, in a file."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("ab", buffering=0) if path else None
        self._records: list[Record] = []
        self._numbers = 0
        self.under_way: dict[int, Call] = {}

    def open(self, path: str, headers: Mapping[str, str]) -> Call:
        """A new call. `headers` may say what it is for: `x-bildwerk-media`, `-job`, `-probe`."""
        self._numbers += 1
        call = self.unlisted(path)
        call.record.number = self._numbers
        call.record.media = headers.get("x-bildwerk-media")
        call.record.job = headers.get("x-bildwerk-job")
        call.record.probe = headers.get("x-bildwerk-probe") == "1"
        self._records.append(call.record)
        self.under_way[self._numbers] = call
        return call

    @staticmethod
    def unlisted(path: str) -> Call:
        """A request that asks no model: matched by faults, not kept."""
        return Call(Record(number=0, path=path, arrived=time.time()))

    def stir(self) -> None:
        """Let every call under way look again at what it waits for."""
        for call in self.under_way.values():
            call.stirred.set()

    def close(self, call: Call) -> None:
        """The call is over; its record changes no more."""
        if call.record.finished:
            return
        call.record.finished = True
        self.under_way.pop(call.record.number, None)
        call.record.given_up = call.gone
        if self._file is not None:
            self._file.write(orjson.dumps(asdict(call.record)) + b"\n")

    def listed(self) -> list[dict[str, Any]]:
        """All records, running ones too."""
        return [asdict(record) for record in self._records]

    @property
    def count(self) -> int:
        """How many records there are."""
        return len(self._records)

    def clear(self) -> None:
        """Forget what is in memory; numbers go on, the file stays."""
        self._records = [record for record in self._records if not record.finished]
