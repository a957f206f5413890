"""The runner: one loaded model, its slots, the queue in front of them, and its crashes."""

import asyncio
import math
import time
from collections import deque
from dataclasses import dataclass, field

from bildwerk.sandbox.simulated_ollama.calls import Call
from bildwerk.sandbox.simulated_ollama.errors import STOPPED, UNEXPECTED_EOF, ClientGone
from bildwerk.sandbox.simulated_ollama.models import Model
from bildwerk.sandbox.simulated_ollama.prompts import Prompt
from bildwerk.sandbox.simulated_ollama.reading import Memory, Slot

_RESTART_SECONDS = 0.7  # measured: how long a crashed runner was away
_KEEP_ALIVE = 300.0


@dataclass(slots=True)
class Loaded:
    """The model in memory. `expires` is `time.time()` at which an idle one is unloaded."""

    model: Model
    num_ctx: int
    expires: float

    def serves(self, model: Model, num_ctx: int) -> bool:
        """Whether no reload is needed; load options that differ force one."""
        return (self.model.name, self.num_ctx) == (model.name, num_ctx)


@dataclass(slots=True)
class _Waiting:
    call: Call
    model: Model
    num_ctx: int
    prompt: Prompt | None
    granted: asyncio.Future[Slot | None] = field(repr=False)


class Runner:
    """Gives slots first come, first served; a request for another model drains the runner and loads it."""

    def __init__(self, slots: int, load_seconds: float, memory: Memory) -> None:
        self.slots = [Slot(number) for number in range(slots)]
        self.memory = memory
        self.loaded: Loaded | None = None
        self.running: dict[int, Call] = {}
        self.max_running = 0
        self._queue: deque[_Waiting] = deque()
        self._load_seconds = load_seconds
        self._loading: asyncio.TimerHandle | None = None
        self._restarting = False
        self._grants = 0

    @property
    def queued(self) -> int:
        """Calls that wait for a slot or a load."""
        return len(self._queue)

    async def admit(self, call: Call, model: Model, num_ctx: int, prompt: Prompt | None) -> Slot | None:
        """Wait for the model and, when there is a prompt, for a slot. Raises `ClientGone` when the client left."""
        granted: asyncio.Future[Slot | None] = asyncio.get_running_loop().create_future()
        entry = _Waiting(call, model, num_ctx, prompt, granted)
        self._queue.append(entry)
        self._advance()
        if granted.done():
            return granted.result()
        leaving = asyncio.ensure_future(self._leave(entry))
        try:
            return await granted
        finally:
            leaving.cancel()

    def release(self, call: Call, slot: Slot) -> None:
        """The call is over; the slot goes to the next in the queue."""
        call.record.end = time.time()
        slot.busy = False
        self.running.pop(call.record.number, None)
        self._advance()

    def touch(self, keep_alive: float | None) -> None:
        """Set the unload timer anew; None means the server's default."""
        if self.loaded is not None:
            seconds = _KEEP_ALIVE if keep_alive is None else keep_alive
            self.loaded.expires = time.time() + (1e9 if seconds < 0 else seconds)

    def unload(self, model: Model | None = None) -> None:
        """Drop the model (any, or only this one) when nothing runs on it."""
        if self.loaded is not None and not self.running and model in {None, self.loaded.model}:
            self._lose()

    def crash(self, culprit: Call) -> None:
        """The runner dies under its calls, each in its own words; caches are lost, a reload takes its time."""
        for call in self.running.values():
            call.kill(STOPPED if call is culprit else UNEXPECTED_EOF)
        self._lose()
        self._restarting = True

    def expire(self) -> None:
        """Unload an idle model whose time is over."""
        if self.loaded is not None and self.loaded.expires <= time.time():
            self.unload()

    async def _leave(self, entry: _Waiting) -> None:
        try:
            await entry.call.pause(math.inf)
        except ClientGone:
            if entry.granted.done():
                return
            self._queue.remove(entry)
            entry.granted.set_exception(ClientGone())
            self._advance()

    def _lose(self) -> None:
        self.loaded = None
        self.memory.forget()
        for slot in self.slots:
            slot.prompt = None

    def _advance(self) -> None:
        while self._queue and self._loading is None:
            head = self._queue[0]
            self.expire()
            if self.loaded is None or not self.loaded.serves(head.model, head.num_ctx):
                if not self.running:
                    self._load(head)
                return
            if head.prompt is None:
                self._queue.popleft()
                head.granted.set_result(None)
                continue
            free = [slot for slot in self.slots if not slot.busy]
            if not free:
                return
            self._queue.popleft()
            self._grant(head, self.memory.choose(free, head.prompt))

    def _grant(self, head: _Waiting, slot: Slot) -> None:
        self._grants += 1
        slot.busy, slot.used = True, self._grants
        self.running[head.call.record.number] = head.call
        record = head.call.record
        record.start, record.slot, record.concurrent = time.time(), slot.number, len(self.running)
        self.max_running = max(self.max_running, len(self.running))
        self.touch(None)
        head.granted.set_result(slot)

    def _load(self, head: _Waiting) -> None:
        seconds = _RESTART_SECONDS if self._restarting else self._load_seconds
        head.call.record.load_seconds = seconds
        self._restarting = False
        self._lose()
        loop = asyncio.get_running_loop()
        self._loading = loop.call_later(seconds, self._ready, head.model, head.num_ctx)

    def _ready(self, model: Model, num_ctx: int) -> None:
        self._loading = None
        self.loaded = Loaded(model, num_ctx, time.time() + _KEEP_ALIVE)
        self._advance()
