"""Makes this process die at a point: functions of the product are wrapped, nothing else of it is changed."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import orjson

from tests.crash.passages import IN_HAND, LEASED, OPEN_CALLS, THIS_JOB, Passage
from tests.crash.points import BY_NAME, Point, When

Function = Callable[..., Any]
INSIDE: ContextVar[frozenset[str]] = ContextVar("inside", default=frozenset())
UNDER_WAY_SECONDS = 0.03
"""How long a call is under way when its process dies: shorter than any of the simulated Ollama's."""


@dataclass
class Wound:
    """Die at a point, the `number`th time that a subject passes; a line in `record` tells of it."""

    point: Point
    subject: str
    number: int
    record: Path

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Wound":
        """CRASH_AT (point:subject:number) and CRASH_RECORD (a file)."""
        name, subject, number = environment["CRASH_AT"].split(":")
        return cls(BY_NAME[name], subject, int(number), Path(environment["CRASH_RECORD"]))

    def inflict(self) -> None:
        """Wrap what has to be wrapped."""
        _watch()
        if self.point.within:
            wrap(self.point.within, _mark_inside(self.point.within))
        wrap(self.point.target, self._wound)

    def _wound(self, function: Function) -> Function:
        if not iscoroutinefunction(function):
            return self._wound_plain(function)

        @wraps(function)
        async def wounded(*arguments: Any, **named: Any) -> Any:
            if self.point.when is When.AFTER:
                result = await function(*arguments, **named)
                if await self._passes(Passage(arguments, result)):
                    self.die()
                return result
            dying = None
            if await self._passes(Passage(arguments)):
                if self.point.when is When.BEFORE:
                    self.die()
                dying = asyncio.get_running_loop().call_later(UNDER_WAY_SECONDS, self.die)
            try:
                return await function(*arguments, **named)
            finally:
                if dying is not None:
                    dying.cancel()

        return wounded

    def _wound_plain(self, function: Function) -> Function:
        """No subject of a plain function waits for anything."""

        @wraps(function)
        def wounded(*arguments: Any, **named: Any) -> Any:
            result = function(*arguments, **named) if self.point.when is When.AFTER else Passage(arguments).result
            looking = self._passes(Passage(arguments, result))
            try:
                looking.send(None)
            except StopIteration as passed:
                if passed.value:
                    self.die()
            return result if self.point.when is When.AFTER else function(*arguments, **named)

        return wounded

    async def _passes(self, passage: Passage) -> bool:
        if self.point.within and self.point.within not in INSIDE.get():
            return False
        if self.subject not in await self.point.passes(passage):
            return False
        self.number -= 1
        return self.number == 0

    def die(self) -> None:
        """Leave a line, and be killed."""
        told = {
            "point": self.point.name, "subject": self.subject, "at": time.time(), "pid": os.getpid(),
            "open": sorted(OPEN_CALLS), "leased": sorted(LEASED),
        }  # fmt: skip
        with self.record.open("ab", buffering=0) as record:
            record.write(orjson.dumps(told) + b"\n")
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)  # until the kernel has


def resolve(target: str) -> tuple[Any, str, Function]:
    """Owner, name and function of module:function. Raises AttributeError or ModuleNotFoundError."""
    module, _, path = target.partition(":")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    return owner, name, getattr(owner, name)


def wrap(target: str, around: Callable[[Function], Function]) -> None:
    """Put a function around another, where it is looked for."""
    owner, name, function = resolve(target)
    setattr(owner, name, around(function))


def _mark_inside(target: str) -> Callable[[Function], Function]:
    def around(function: Function) -> Function:
        @wraps(function)
        async def marked(*arguments: Any, **named: Any) -> Any:
            token = INSIDE.set(INSIDE.get() | {target})
            try:
                return await function(*arguments, **named)
            finally:
                INSIDE.reset(token)

        return marked

    return around


def _watch() -> None:
    """Note whose job, which calls and which topics are under way."""
    wrap("handlers.runner.medium:Runner.run", _note_lease)
    wrap("handlers.runner.medium:Runner._run_job", _note_job)
    wrap("handlers.runner.asking:Asker.ask", _note_call)
    wrap("handlers.runner.medium:Runner._finish", _note_end)
    wrap("consumers.reader:Reader.poll", _note_messages)


def _note_lease(run: Function) -> Function:
    async def noted(runner: Any, work: Any) -> Any:
        LEASED.add(work.claim.medium.media_id)
        try:
            return await run(runner, work)
        finally:
            LEASED.discard(work.claim.medium.media_id)

    return noted


def _note_job(run_job: Function) -> Function:
    async def noted(runner: Any, work: Any, turn: Any) -> Any:
        THIS_JOB.set(turn.name)
        return await run_job(runner, work, turn)

    return noted


def _note_call(ask: Function) -> Function:
    async def noted(asker: Any, work: Any, stage: Any, facts: Any, question: Any) -> Any:
        OPEN_CALLS.add((facts.media_id, stage.job_type))
        return await ask(asker, work, stage, facts, question)

    return noted


def _note_end(finish: Function) -> Function:
    async def noted(runner: Any, job: Any, *rest: Any) -> Any:
        ended = await finish(runner, job, *rest)
        OPEN_CALLS.discard((job.lease.media_id, job.stage.job_type))
        return ended

    return noted


def _note_messages(poll: Function) -> Function:
    async def noted(*arguments: Any, **named: Any) -> Any:
        messages = await poll(*arguments, **named)
        if messages:
            IN_HAND.clear()
            IN_HAND.update(message.topic for message in messages)
        return messages

    return noted


def inflict_if_asked() -> None:
    """Do so when the environment names a point."""
    if "CRASH_AT" in os.environ:
        Wound.read(os.environ).inflict()
    sys.argv[0] = "bildwerk"
