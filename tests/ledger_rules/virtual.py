"""A world of pure parts in virtual time: plan, finish, back-off, breakers, the stop at failures. No second ledger.

Every decision is the product's own: `Planner.draft_medium` and `draft_settled` on snapshots that are kept in memory,
`Finisher._stands`, `decide_failure`, `Chooser.find_due`, `HostHealth`, `FailureStop`. Who claims what when, leases and
slots are SQL, and driven on a real PostgreSQL (test_orders.py): here anybody may begin anything that is due.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

from consumers.failure_stop import FailureStop
from contracts.facts import MediaFacts
from contracts.verdicts import Status, Verdict
from db.facts import Known, Snapshot
from db.leases import Claim, MediumLease, SlotLease
from db.ledger import Draft
from handlers.failures import BadAnswer, Failure, Transient, Unavailable
from handlers.inference.health import LONGEST_WAIT, BreakerState, HostHealth
from handlers.inference.hosts import Host, parse_hosts
from handlers.runner.choosing import Chooser
from handlers.runner.finishing import Finisher, Job
from handlers.runner.planning import Planner
from handlers.runner.settling import close_verdict, decide_failure
from handlers.runner.work import Work
from tests.ledger_rules.steps import CHAIN

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PLANNER = Planner(CHAIN)
FINISHER = Finisher(PLANNER)
CHOOSER = Chooser(None, PLANNER)
HOSTS = parse_hosts("gpu1=2,gpu2=1")
FAILURES: tuple[Failure, ...] = (Transient("reset"), Transient("server_error"), BadAnswer("not_json"))


@dataclass(frozen=True)
class Call:
    """A model call under way, and which bytes it is about."""

    job: Job
    host: Host
    content_hash: str | None
    began: float


@dataclass
class World:
    """Some media, two hosts, and what was announced and written so far. `seed` is of the jitter alone."""

    seed: int = 0
    now: float = 0.0
    media: dict[int, Snapshot] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    told: dict[tuple[int, str], list[tuple[str, str, int]]] = field(default_factory=dict)
    effects: Counter[tuple[int, str, int]] = field(default_factory=Counter)
    probed: Counter[str] = field(default_factory=Counter)
    stop: FailureStop = field(default_factory=lambda: FailureStop(limit=4, pause=60.0))

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.health = HostHealth(HOSTS, self.random)

    def upload(self) -> int:
        """A new medium, inspected."""
        media_id = len(self.media) + 1
        facts = MediaFacts(media_id, path="a.jpg", mark="m0", inspected_mark="m0", content_hash="f1")
        known = Known(False, 0, None, 0, None, 0, None, (), self._moment(), 0, alone=False, plan_error=None)
        self.media[media_id] = Snapshot(self._moment(), facts, known)
        self.plan(media_id)
        return media_id

    def change(self, media_id: int, **changes: Any) -> None:
        """Facts move, and nobody has planned the medium since."""
        snapshot = self.media[media_id]
        self.media[media_id] = replace(snapshot, facts=replace(snapshot.facts, **changes))

    def put(self, media_id: int, meta: Mapping[str, str]) -> None:
        """Meta values."""
        self.change(media_id, meta={**self.media[media_id].facts.meta, **meta})

    def plan(self, media_id: int, forced: frozenset[str] = frozenset()) -> None:
        """An event, the inspector or the sweep."""
        snapshot = self._snapshot(media_id)
        self._apply(snapshot, PLANNER.draft_medium(snapshot, (), forced))

    def list_ready(self) -> list[int]:
        """Media of which a job may begin now."""
        busy = {call.job.lease.media_id for call in self.calls}
        ready = (m for m, s in self.media.items() if s.known.due and s.known.run_at <= self._moment() and m not in busy)
        return list(ready)

    def list_free(self) -> list[Host]:
        """Hosts with a slot that may be given work."""
        taken = Counter(call.host.name for call in self.calls)
        return [host for host in self.health.available(self.now) if taken[host.name] < host.slots]

    def begin(self, media_id: int, host: Host) -> None:
        """A worker plans the medium once more and asks for its first due job."""
        assert self.health.breaker(host).state(self.now) is BreakerState.CLOSED
        self.plan(media_id)
        snapshot, lease = self._snapshot(media_id), MediumLease(media_id, 1, 0)
        turn = CHOOSER.find_due(snapshot, Work(Claim(lease, SlotLease(host.name, 0, 1))))
        if turn is None:
            return
        verdict = turn.verdict
        assert verdict.fingerprint is not None
        job = Job(lease, turn.stage, 1, "model", verdict.fingerprint, verdict.generation)
        self.calls.append(Call(job, host, turn.facts.content_hash, self.now))

    def end(self, call: Call, failure: Failure | None) -> None:
        """A call ends; a host that is away answers nobody."""
        self.calls.remove(call)
        if call.host.name in self.away:
            failure = Unavailable("refused")
        self.health.record(call.host, failure, self.now, call.began)
        snapshot = self._snapshot(call.job.lease.media_id)
        if not FINISHER._stands(snapshot, call.job):
            self.plan(call.job.lease.media_id)
        elif snapshot.facts.inspected or failure is not None:
            self._settle(snapshot, call, failure)

    def _settle(self, snapshot: Snapshot, call: Call, failure: Failure | None) -> None:
        name = call.job.stage.job_type
        before = snapshot.verdicts[name]
        settled = close_verdict(before, Status.DONE, "")
        if failure is not None:
            settled, _ = decide_failure(before, failure, FINISHER.retry, snapshot, self.random.random())
            assert not isinstance(failure, Unavailable) or settled == before, "an outage burns nothing"
        else:
            self.effects[snapshot.facts.media_id, name, before.generation] += 1
            about = (call.content_hash, call.job.generation)
            assert about == (snapshot.facts.content_hash, before.generation), "an answer about something else (I9)"
        if not isinstance(failure, Unavailable):
            self.stop.record(failed=failure is not None, now=self.now)
        self._apply(snapshot, PLANNER.draft_settled(snapshot, {**snapshot.verdicts, name: settled}))

    def probe(self) -> None:
        """The fleet looks after its hosts that are away."""
        for host in self.health.due_probes(self.now):
            self.probed[host.name] += 1
            self.health.record(host, Unavailable("refused") if host.name in self.away else None, self.now)

    def allows(self) -> bool:
        """Whether one more medium may be taken."""
        return self.stop.allows(len(self.calls), self.now)

    def drain(self) -> None:
        """No faults from now on: until everything is terminal, which it is some time (I12)."""
        self.away.clear()
        until = self.now + 3_600
        while self.calls or any(s.known.due for s in self.media.values()):
            while self.calls:
                self.end(self.calls[0], None)
            for media_id in self.list_ready():
                if self.allows() and (free := self.list_free()):
                    self.begin(media_id, free[0])
            if not self.calls:
                self.now += LONGEST_WAIT / 4
                self.probe()
            assert self.now < until, "something waits for ever"
        self.check()
        for snapshot in self.media.values():
            if snapshot.facts.inspected:
                assert all(verdict.status.terminal for verdict in snapshot.verdicts.values())

    def check(self) -> None:
        """I1, I4, I10, I11, P13, P14 of every medium."""
        assert [key for key, times in self.effects.items() if times > 1] == []
        for media_id in self.media:
            self._check_medium(media_id)

    def _check_medium(self, media_id: int) -> None:
        snapshot = self.media[media_id]
        for name, verdict in snapshot.verdicts.items():
            self._check_verdict(snapshot, name, verdict)
            said = self.told.get((media_id, name), [])
            if verdict.status.terminal:
                assert said[-1] == verdict.outcome
            ended = [each for each in said if each[0] != "skipped"]
            assert len({*ended}) == len(ended), "told twice"

    def _check_verdict(self, snapshot: Snapshot, name: str, verdict: Verdict) -> None:
        assert verdict.attempt < FINISHER.retry.tries
        assert not (verdict.forced and verdict.status.terminal)
        if verdict.run_at is not None:
            assert verdict.run_at - self._moment() <= timedelta(seconds=FINISHER.retry.cap * 1.5)
        if name in snapshot.known.due:
            upstreams = CHAIN.upstreams[name]
            assert all(snapshot.verdicts[upstream].status.terminal for upstream in upstreams)
            if verdict.run_at is not None:
                assert snapshot.known.run_at <= verdict.run_at

    def _snapshot(self, media_id: int) -> Snapshot:
        return replace(self.media[media_id], now=self._moment())

    def _moment(self) -> datetime:
        return EPOCH + timedelta(seconds=self.now)

    def _apply(self, snapshot: Snapshot, draft: Draft) -> None:
        """What `db/ledger.write` does with a draft."""
        media_id = snapshot.facts.media_id
        assert draft.row.plan_error is None, draft.row.plan_error
        for name, verdict in draft.verdicts.items():
            assert verdict.generation >= snapshot.verdicts.get(name, Verdict()).generation
        self.media[media_id] = replace(snapshot, known=draft.row, verdicts={**snapshot.verdicts, **draft.verdicts})
        for _, body in draft.events:
            said = self.told.setdefault((media_id, str(body["job_type"])), [])
            said.append((str(body["outcome"]), str(body.get("reason", "")), cast("int", body["generation"])))
        self._check_medium(media_id)
