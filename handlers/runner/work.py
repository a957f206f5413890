"""One claimed medium under way, and whom its run depends on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from time import monotonic
from typing import Any, Protocol

from contracts.verdicts import Verdict
from db.facts import Snapshot
from db.leases import Claim, SlotLease
from handlers.failures import Failure, Unavailable
from handlers.inference.client import Question, Reply
from handlers.runner.finishing import Job, Result
from handlers.runner.reuse import Reused
from handlers.runner.turn import Turn
from handlers.stage import Stage


class Model(Protocol):
    """Who is asked: one slot's host, behind one method."""

    async def ask(self, host: str, question: Question, send: Callable[[], None]) -> Reply:
        """The reply; raises `Invalid`, `BadAnswer`, `Transient` or `Unavailable`.

        It may have to wait for its turn first: `send` is called right before the call is made, and may raise instead.
        """

    def recipe(self, host: str, stage: Stage[Any], question: Question) -> str:
        """The digest of all that shapes the answer."""

    def fuses(self, host: str, model: str) -> bool:
        """Whether the due jobs of a picture are to be asked for in one call."""


class Pictures(Protocol):
    """Where the prepared pictures are."""

    async def rendition(self, reference: str, content_hash: str) -> bytes:
        """The JPEG made from exactly the bytes with this hash; raises `Stale`, `Invalid` or `Unavailable`."""

    async def hash(self, reference: str) -> str:
        """The SHA-256 (hex) of the file's bytes now."""


class Ended(Enum):
    """Why a medium was given back."""

    FINISHED = auto()
    POSTPONED = auto()
    LEASE_LOST = auto()
    UNAVAILABLE = auto()


@dataclass(frozen=True, slots=True)
class Part:
    """A job's part of a fused answer as JSON; good as long as the job is what it was when the call was made.

    `run_id` is the run whose call it was.
    """

    fingerprint: str | None
    generation: int
    text: str
    run_id: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A job that may be begun: what is to be asked, unless its `result` is known already.

    `part` is what a fused call has answered for it, `reused` the answer that is taken over.
    """

    turn: Turn
    part: Part | None = None
    question: Question | None = None
    reused: Reused | None = None
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A job whose run is on record."""

    prepared: Prepared
    job: Job


@dataclass
class Work:
    """One claimed medium under way. `call` is the model call that a lost heartbeat cancels; answers are kept.

    `parts` are those of a fused answer that are not used yet, by job type; `apart` means that no more are asked for,
    `silent` that nothing is: what is answered already is used.
    `idle` is how long its slot had been free although it waited, `claimed` when it was claimed, `held_at` when what
    claimed or prolonged its lease last was begun, `sent_at` when the call under way was made (None: it waits for its
    turn, which `stopped` has ended), and `called` how long calls took, all in seconds of a monotonic clock. `over` is
    set before the lease is given back, `busy` is how long the server goes on with a call that was given up, `failure`
    the last one met; `calls` counts those that were made, `answered` good answers.
    `passed` are jobs that another medium's picture is wanting for, with how long until it is worth another look.
    `pause` is for how long nobody is to claim it after it was given back (None: as it is planned).
    `slots` are those still held; `left_at` is when they were given back before the medium, and `freed` is called then.
    `after` is the medium as its last finish left it, `begun` the job that this finish has begun; `picture` is the one
    that was read last, with its content hash.
    """

    claim: Claim
    draining: Callable[[], bool] = field(default=lambda: False)
    lost: bool = False
    over: bool = False
    call: "asyncio.Task[Reply] | None" = None
    busy: timedelta = timedelta(0)
    passed: dict[str, timedelta] = field(default_factory=dict)
    pause: timedelta | None = None
    answered: int = 0
    failure: Failure | None = None
    idle: float = 0.0
    claimed: float = field(default_factory=monotonic)
    held_at: float = field(default_factory=monotonic)
    sent_at: float | None = None
    stopped: bool = False
    calls: int = 0
    called: float = 0.0
    parts: dict[str, Part] = field(default_factory=dict)
    apart: bool = False
    silent: bool = False
    slots: tuple[SlotLease, ...] = field(init=False)
    left_at: float | None = None
    freed: Callable[[], None] = field(default=lambda: None)
    after: Snapshot | None = None
    begun: Begun | None = None
    picture: tuple[str, bytes] | None = None

    def __post_init__(self) -> None:
        self.slots = self.claim.slots

    @property
    def may_ask(self) -> bool:
        """Whether there is a slot to ask in, at which the server is not still busy with a call that was given up."""
        return bool(self.slots) and not self.busy and not self.draining()

    def leave_slots(self) -> tuple[SlotLease, ...]:
        """Ask nobody any more; the slots that are now to be given back."""
        slots, self.slots = self.slots, ()
        if slots:
            self.left_at = monotonic()
        return slots

    def take_slots(self, slots: tuple[SlotLease, ...]) -> None:
        """Hold slots all the same: they could not be given back."""
        self.slots, self.left_at = slots, None

    def time_between(self, now: float) -> float:
        """Seconds for which its slots were held and no call was under way, of a medium that is given back now."""
        return max(0.0, (now if self.left_at is None else self.left_at) - self.claimed - self.called)

    def send(self) -> None:
        """A call is made now. Raises `Unavailable` where nothing is asked any more by then."""
        if self.draining():
            raise Unavailable("stopping")
        self.sent_at = monotonic()
        self.calls += 1

    def stop_waiting(self) -> None:
        """The process stops: a call that only waits for its turn is not made; one under way is waited for."""
        if self.call is not None and self.sent_at is None:
            self.stopped = True
            self.call.cancel()

    def end_call(self) -> None:
        """The call has ended, or was never made."""
        self.call = None
        if self.sent_at is not None:
            self.called += monotonic() - self.sent_at
        self.sent_at = None

    def take_after(self) -> Snapshot | None:
        """What the last finish left, once."""
        after, self.after = self.after, None
        return after

    def take_begun(self) -> Begun | None:
        """The job that the last finish has begun, once."""
        begun, self.begun = self.begun, None
        return begun

    def hold(self, content_hash: str | None, rendition: bytes | None) -> None:
        """Keep a picture: the next jobs send the same bytes."""
        if content_hash is not None and rendition is not None:
            self.picture = content_hash, rendition

    def find_picture(self, content_hash: str | None) -> bytes | None:
        """The picture that is kept, if it is this one."""
        return self.picture[1] if self.picture is not None and self.picture[0] == content_hash else None

    def find_part(self, job_type: str, verdict: Verdict) -> Part | None:
        """What a fused call has answered for this job already."""
        part = self.parts.get(job_type)
        fits = part is not None and (part.fingerprint, part.generation) == (verdict.fingerprint, verdict.generation)
        return part if fits else None

    def lose(self) -> None:
        """The lease is somebody else's: stop asking."""
        self.lost = True
        if self.call is not None:
            self.call.cancel()
