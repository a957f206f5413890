"""A barrier before every statement: two transactions on a real PostgreSQL, driven through all their orders.

Nothing here knows what the transactions do. Who waits for a lock of the other is told by PostgreSQL itself, so an order
is the same whenever it is played again: it is the list of who went on wherever both could.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from db.pool import Connection, Database, connect

LONG = 600.0
"""Seconds of every time-out of the database: who is stopped at a barrier must not be cut off."""
WATCHED = 0.003
"""Seconds until it is asked whether a statement waits for a lock."""
EVERYWHERE = re.compile("")
BLOCKED = "SELECT $2 = ANY(pg_blocking_pids($1))"
Act = Callable[[Connection], Awaitable[Any]]


class Barriers:
    """Mixed into a connection: each of its statements waits until `gate` lets it go.

    A BEGIN is let go by itself: it sees nothing and locks nothing, each statement takes its own snapshot.
    """

    gate: "Gate | None" = None
    stops: re.Pattern[str] = EVERYWHERE

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        """Wait for the gate, then execute."""
        await self._wait(query)
        return await cast("Any", super()).execute(query, *args, **options)

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        """Wait for the gate, then fetch."""
        await self._wait(query)
        return await cast("Any", super()).fetch(query, *args, **options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        """Wait for the gate, then fetch a row."""
        await self._wait(query)
        return await cast("Any", super()).fetchrow(query, *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        """Wait for the gate, then fetch a value."""
        await self._wait(query)
        return await cast("Any", super()).fetchval(query, *args, **options)

    async def _wait(self, query: str) -> None:
        if self.gate is not None and not query.startswith("BEGIN") and self.stops.search(query):
            await self.gate.wait(query)


@dataclass
class Gate:
    """Where an actor stands: before `statement`, inside it, or at the end of its task."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    statement: str = ""
    over: bool = False

    async def wait(self, query: str) -> None:
        """Stand before a statement until it may go on."""
        self.statement = query.partition("\n")[0][:60]
        self.arrived.set()
        await self.go.wait()
        self.go.clear()

    def open(self) -> None:
        """Let the statement go."""
        self.arrived.clear()
        self.go.set()

    def end(self, _task: object) -> None:
        """Nothing comes any more."""
        self.over = True
        self.arrived.set()


@dataclass(frozen=True)
class Order:
    """One order that was played: whose turn it was wherever both could go on, and what each came to."""

    turns: tuple[int, ...]
    results: tuple[Any, Any]
    steps: tuple[str, ...]


@dataclass
class Actor:
    """One transaction, or several in a row."""

    number: int
    connection: Any
    pid: int
    gate: Gate = field(default_factory=Gate)
    blocked: bool = False


@dataclass
class Stage:
    """Two connections with barriers, and one that watches."""

    watcher: Connection
    connections: tuple[Any, Any]

    async def play(
        self, acts: tuple[Act, Act], turns: Sequence[int] = (), stops: re.Pattern[str] = EVERYWHERE
    ) -> Order:
        """Play both acts in the order of `turns`; after them the first one goes before the second. Raises what they do.

        `stops` are the statements with a barrier; one that touches nothing of what the other touches needs none.
        """
        for connection in self.connections:
            connection.stops = stops
        actors = [Actor(n, c, c.get_server_pid()) for n, c in enumerate(self.connections)]
        tasks = [self._begin(actor, act) for actor, act in zip(actors, acts, strict=True)]
        taken: list[int] = []
        steps: list[str] = []
        for actor in actors:
            await self._settle(actor)
        while ready := [actor for actor in actors if not actor.gate.over and not actor.blocked]:
            turn = 0
            if len(ready) == 2:
                turn = turns[len(taken)] if len(taken) < len(turns) else 0
                taken.append(turn)
            steps.append(f"{ready[turn].number}: {ready[turn].gate.statement}")
            await self._go_on(ready[turn], actors)
        assert all(actor.gate.over for actor in actors), f"they lock each other up: {steps}"
        first, second = await asyncio.gather(*tasks, return_exceptions=True)
        for error in (first, second):
            if isinstance(error, BaseException):
                error.add_note("\n".join(steps))
                raise error
        return Order(tuple(taken), (first, second), tuple(steps))

    async def _go_on(self, actor: Actor, actors: Sequence[Actor]) -> None:
        """One statement of this actor, and whatever of the other's waited for it."""
        actor.gate.open()
        await self._settle(actor)
        for other in actors:
            if other.blocked:
                await self._look_again(other)

    def _begin(self, actor: Actor, act: Act) -> asyncio.Task[Any]:
        actor.connection.gate = actor.gate
        task: asyncio.Task[Any] = asyncio.ensure_future(act(actor.connection))
        task.add_done_callback(actor.gate.end)
        return task

    async def _settle(self, actor: Actor) -> None:
        """Wait until the actor stands at its next barrier, is over, or waits for a lock of the other."""
        while not actor.gate.arrived.is_set():
            try:
                await asyncio.wait_for(actor.gate.arrived.wait(), WATCHED)
            except TimeoutError:
                if not actor.gate.arrived.is_set() and await self._is_blocked(actor):
                    actor.blocked = True
                    return
        actor.blocked = False

    async def _look_again(self, actor: Actor) -> None:
        if not await self._is_blocked(actor):
            actor.blocked = False
            await self._settle(actor)

    async def _is_blocked(self, actor: Actor) -> bool:
        """Whether it waits for the other one; an autovacuum ends by itself."""
        other = self.connections[1 - actor.number].get_server_pid()
        blocked: bool = await self.watcher.fetchval(BLOCKED, actor.pid, other)
        return blocked


def next_turns(turns: Sequence[int]) -> tuple[int, ...] | None:
    """The order after this one; None after the last. Orders share what comes before their first difference."""
    rest = list(turns)
    while rest and rest[-1] == 1:
        rest.pop()
    return (*rest[:-1], 1) if rest else None


class _BarredDatabase(Database):
    """A database whose connections have barriers."""

    def arguments(self) -> dict[str, Any]:
        """As the service connects, through one class more."""
        given = super().arguments()
        return {**given, "connection_class": type("BarredConnection", (Barriers, given["connection_class"]), {})}


@asynccontextmanager
async def open_stage(dsn: str) -> AsyncIterator[Stage]:
    """Connections as the service has them, but for the barriers and the time-outs."""
    limits: dict[str, Any] = {"command_timeout": LONG, "lock_timeout": LONG, "idle_in_transaction_timeout": LONG}
    watcher = await connect(Database(dsn, **limits))
    barred = [await connect(_BarredDatabase(dsn, **limits)) for _ in range(2)]
    try:
        yield Stage(watcher, (barred[0], barred[1]))
    finally:
        for connection in (watcher, *barred):
            connection.terminate()
