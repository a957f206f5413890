"""Replaying a stretch of a topic: planning the media that its events name once more, beside the running service."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from consumers.media_set import MediaSet
from consumers.planning import list_news
from consumers.range_reader import RangeReader
from consumers.reader import Message
from consumers.stretch import Stretch, list_named
from consumers.triage import Rules, Triage, triage
from db import completions, ledger, outbox
from db.pool import Connection, Pool, transact
from handlers.runner.foreseeing import Foreseen, foresee
from handlers.runner.planning import Planner, PlanRequest
from handlers.runner.rerunning import Jobs, Rerun

PAGE = 200
"""Media planned in one transaction, at most."""


@dataclass
class Tally:
    """What a replay came to so far, or would come to.

    `events` were read, `outside` of them are of another time or medium, `undecodable` are counted by reason and are not
    buried again, `ignored` are none of ours, `echoes` are completions of ours that bring nothing new. Of the `media`
    planned the ledger had never heard of the `unknown` ones (`dry` only). `jobs` are those asked for again, by type.
    """

    events: int = 0
    outside: int = 0
    undecodable: Counter[str] = field(default_factory=Counter)
    ignored: int = 0
    echoes: int = 0
    media: int = 0
    unknown: int = 0
    changed: int = 0
    due: int = 0
    uninspected: int = 0
    missing: int = 0
    errors: int = 0
    jobs: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    total: int = 0

    def add(self, foreseen: Foreseen, jobs: Jobs) -> None:
        """Count a page."""
        planned = foreseen.planned
        self.media += planned.media + foreseen.unknown
        self.unknown += foreseen.unknown
        for name in ("changed", "due", "uninspected", "missing", "errors"):
            setattr(self, name, getattr(self, name) + getattr(planned, name))
        for names in jobs.values():
            self.jobs.update(names)


@dataclass
class Replay:
    """Plans what a stretch names, at most `rate` media a second; `rerun` says which jobs are done again besides.

    Without `rerun` it is as if the events had come again: forces of theirs are honoured if they never were (P21). With
    it, events only name media. `dry` looks what would happen. A medium is planned once, and for each event that asks
    for more.
    """

    pool: Pool
    planner: Planner
    rules: Rules
    stretch: Stretch
    rerun: Rerun | None = None
    rate: float = 500.0
    dry: bool = False
    batch: int = 500
    tally: Tally = field(default_factory=Tally)
    _seen: MediaSet = field(default_factory=MediaSet)
    _next: float = 0.0

    async def run(self, reader: RangeReader, tell: Callable[[Tally], None] = lambda _: None) -> None:
        """Replay until the stretch ends; `tell` hears of every batch. Stopped at any moment, what is done stays done.

        Raises KafkaError, and what PostgreSQL being away for long raises.
        """
        async with self.pool.acquire() as connection:
            source = await outbox.name_source(connection)
        self.tally.total = reader.total
        limit = max(1, min(self.batch, int(2 * self.rate)))  # news every few seconds, however slow it goes
        while not reader.done:
            messages = await reader.read(limit)
            if messages:
                await self._take(messages, source)
            self.tally.passed = reader.passed
            tell(self.tally)

    async def _take(self, messages: Sequence[Message], source: str) -> None:
        wanted = [message for message in messages if self.stretch.holds(message)]
        whole = triage(wanted, source, self.rules)
        todo = self.stretch.narrow(whole)
        self.tally.events += len(messages)
        self.tally.undecodable.update(letter.reason for letter in todo.letters)
        self.tally.ignored += whole.ignored["unknown_type"]
        named = len(whole.requests) + len(whole.echoes) - len(todo.requests) - len(todo.echoes)
        self.tally.outside += len(messages) - len(wanted) + named
        requests = await self._list_requests(todo)
        size = max(1, min(PAGE, int(self.rate)))
        for start in range(0, len(requests), size):
            await self._pace(len(requests[start : start + size]))
            await self._plan(requests[start : start + size])

    async def _list_requests(self, todo: Triage) -> list[PlanRequest]:
        """What is to be planned of a batch: media that were not yet, and forces that events name."""
        if self.rerun is not None:
            named = {m: s for m, s in list_named(todo).items() if m not in self._seen}
            self._seen.update(named)
            return [PlanRequest(media_id, source=event) for media_id, event in named.items()]
        async with self.pool.acquire() as connection:
            if not self.dry:
                await completions.record(connection, todo.completions)
            news = await list_news(connection, todo)
        self.tally.echoes += len(todo.echoes) - len(news)
        kept = []
        for request in [*todo.requests, *news]:
            plain = replace(request, source=None) == PlanRequest(request.media_id)
            if not plain or request.media_id not in self._seen:
                kept.append(request)
            self._seen.add(request.media_id)
        return kept

    async def _pace(self, media: int) -> None:
        now = monotonic()
        if self._next > now:
            await asyncio.sleep(self._next - now)
        self._next = max(now, self._next) + media / self.rate

    async def _plan(self, requests: Sequence[PlanRequest]) -> None:
        foreseen, jobs = await transact(self.pool, lambda connection: self._plan_page(connection, requests))
        self.tally.add(foreseen, jobs)

    async def _plan_page(self, connection: Connection, requests: Sequence[PlanRequest]) -> tuple[Foreseen, Jobs]:
        jobs: Jobs = {}
        if self.rerun is not None:
            media_ids = sorted(request.media_id for request in requests)
            if not self.dry:
                await ledger.register(connection, media_ids)
                await ledger.lock(connection, media_ids)
            jobs = await self.rerun.choose(connection, media_ids)
            asked = [self.rerun.ask(r, jobs[r.media_id]) if jobs.get(r.media_id) else r for r in requests]
        else:
            asked = list(requests)
        if self.dry:
            return await foresee(connection, self.planner, asked), jobs
        return Foreseen(await self.planner.plan_media(connection, asked), 0), jobs
