"""What must be true of any run, whatever happened meanwhile: read off the ledger, the topic and the calls."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from aiokafka.structs import ConsumerRecord

from contracts.topics import Topic
from handlers.chain import Chain
from handlers.registry import load_stages
from tests.acceptance.wire import body, header
from tests.acceptance.world import World

TERMINAL = {"done", "skipped", "failed"}
UPSTREAMS = Chain(load_stages()).upstreams


@dataclass(frozen=True)
class Evidence:
    """Everything that is left of a run."""

    jobs: dict[tuple[int, str], Any]
    runs: list[Any]
    events: list[ConsumerRecord]
    calls: list[dict[str, Any]]

    @property
    def first_events(self) -> list[ConsumerRecord]:
        """The events without repeats, each partition in its order."""
        return list({header(record, "ce_id"): record for record in reversed(self.events)}.values())[::-1]

    def events_of(self, *media: int) -> list[dict[str, Any]]:
        """The bodies of the events of some media."""
        return [event for event in map(body, self.events) if event["media_id"] in media]

    def check(self) -> None:
        """Assert what holds after every run that came to its end."""
        self._one_effect()
        self._one_event()
        self._same_bytes()
        self._in_order()
        self._one_call_at_a_time()

    def _one_effect(self) -> None:
        """I1: one effect per medium, job type and generation; and one behind every job that is done."""
        effects = Counter(
            (run["media_id"], run["job_type"], run["generation"])
            for run in self.runs
            if run["outcome"] in ("done", "kept")
        )
        assert [key for key, count in effects.items() if count > 1] == []
        done = {(*key, job["generation"]) for key, job in self.jobs.items() if job["status"] == "done"}
        assert done - effects.keys() == set()

    def _one_event(self) -> None:
        """I4: a verdict is terminal if and only if exactly one event says so."""
        told = Counter(
            (e["media_id"], e["job_type"], e["generation"], e["outcome"], e["reason"])
            for e in map(body, self.first_events)
        )
        assert [key for key, count in told.items() if count > 1] == []
        terminal = {
            (*key, job["generation"], job["status"], job["reason"])
            for key, job in self.jobs.items()
            if job["status"] in TERMINAL
        }
        assert terminal - told.keys() == set()
        latest = {(media, job): generation for media, job, generation, *_ in sorted(told)}
        assert {key for key in latest if self.jobs[key]["status"] not in TERMINAL} == set()
        assert {key for key in latest if latest[key] > self.jobs[key]["generation"]} == set()

    def _same_bytes(self) -> None:
        """I5: a repeat on the topic carries the same id, and says the same."""
        said: dict[str, set[tuple[bytes, bytes]]] = defaultdict(set)
        for record in self.events:
            said[header(record, "ce_id")].add((record.key, record.value))
        assert [event_id for event_id, bodies in said.items() if len(bodies) != 1] == []

    def _in_order(self) -> None:
        """I6, I10: per medium, first occurrences are in commit order: plans only grow, upstreams come first."""
        by_medium: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for event in map(body, self.first_events):
            by_medium[event["media_id"]].append(event)
        for events in by_medium.values():
            assert all(a["plan_no"] <= b["plan_no"] for a, b in pairwise(events)), events
            first = list(dict.fromkeys(event["job_type"] for event in events))
            for at, job_type in enumerate(first):
                assert not UPSTREAMS[job_type].intersection(first[at + 1 :]), events

    def _one_call_at_a_time(self) -> None:
        """I8: calls for one medium do not overlap. Those that a dead worker left end long before its lease does."""
        by_medium: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for call in self.calls:
            if call["start"] is not None:
                by_medium[call["media"]].append((call["start"], call["end"] or float("inf")))
        overlaps = {
            media: times
            for media, calls in by_medium.items()
            for times in pairwise(sorted(calls))
            if times[1][0] < times[0][1]
        }
        assert overlaps == {}


async def gather(world: World) -> Evidence:
    """Read everything there is."""
    await world.drained()
    runs: Sequence[Any] = await world.pool.fetch("SELECT * FROM bildwerk.runs ORDER BY id")
    events = await world.wire.read(Topic.STAGE_COMPLETED)
    ours = [record for record in events if not header(record, "ce_source").startswith("/test/")]
    return Evidence(await world.jobs(), list(runs), ours, await world.calls())
