"""What must be true of any run, whatever happened meanwhile: read off the ledger, the topics and the calls."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from aiokafka.structs import ConsumerRecord

from contracts.topics import Topic
from handlers.chain import Chain
from handlers.registry import load_stages
from tests.acceptance.wire import Sent, body, header
from tests.acceptance.world import World

TERMINAL = {"done", "skipped", "failed"}
EFFECTS = {"done", "kept"}
UPSTREAMS = Chain(load_stages()).upstreams
TRIES = 3
"""Of a job, as the service comes."""
HELD = """
    SELECT 'media' AS what, id::text AS which FROM bildwerk.media WHERE owner IS NOT NULL
    UNION ALL SELECT 'slot', host || ' ' || number FROM bildwerk.slots WHERE until > now()
"""
"""A dead worker's slot is given to the next who wants one; until then it is only free."""
Violations = list[Any]


@dataclass(frozen=True)
class Evidence:
    """Everything that is left of a run.

    `lease` is how many seconds the leases were for, where some were lost. `offsets` are those that the group has
    committed, by topic and partition; `letters` are the places (topic, partition, offset) of the dead letters;
    `written` is by medium and key what the platform holds, `people` what was put there by a person.
    """

    jobs: Mapping[tuple[int, str], Any]
    runs: list[Any]
    events: list[ConsumerRecord]
    calls: list[dict[str, Any]]
    media: Mapping[int, Any] = field(default_factory=dict)
    held: list[Any] = field(default_factory=list)
    outbox: int = 0
    letters: frozenset[tuple[Topic, int, int]] = frozenset()
    sent: list[Sent] = field(default_factory=list)
    offsets: Mapping[Topic, list[int]] = field(default_factory=dict)
    written: Mapping[tuple[int, str], Any] = field(default_factory=dict)
    people: Mapping[tuple[int, str], Any] = field(default_factory=dict)
    lease: float = float("inf")

    @property
    def first_events(self) -> list[ConsumerRecord]:
        """The events without repeats, each partition in its order."""
        return list({header(record, "ce_id"): record for record in reversed(self.events)}.values())[::-1]

    @property
    def effects(self) -> Counter[tuple[int, str, int]]:
        """How often each (medium, job type, generation) was settled by an answer."""
        return Counter(
            (run["media_id"], run["job_type"], run["generation"]) for run in self.runs if run["outcome"] in EFFECTS
        )

    def events_of(self, *media: int) -> list[dict[str, Any]]:
        """The bodies of the events of some media."""
        return [event for event in map(body, self.events) if event["media_id"] in media]

    def check(self) -> None:
        """Assert what holds after every run that came to its end."""
        assert self.find_broken() == {}

    def check_at_rest(self) -> None:
        """Assert, besides, what holds when everything was healed and nothing is left to do."""
        assert self.find_broken() | self.find_unfinished() == {}

    def find_broken(self) -> dict[str, Violations]:
        """What holds after every run, and where it does not."""
        return _judge(
            {
                "I1 one effect": lambda: repeated(self.effects),
                "I1 an effect behind every job done": self._done_without_effect,
                "I4 one event of each change": lambda: repeated(Counter(self.list_told())),
                "I4 an event of every verdict": lambda: list(self._terminal - set(self.list_told())),
                "I4 a verdict behind every event": self._events_without_verdict,
                "I5 repeats are equal": self._unequal_repeats,
                "I6 commit order": self._out_of_order,
                "I8 one call at a time": self._overlaps,
                "I10 upstreams first": self._upstreams_late,
                "I11 attempts are bounded": self._too_many_attempts,
            }
        )

    def find_unfinished(self) -> dict[str, Violations]:
        """What holds when everything was healed and nothing is left to do, and where it does not."""
        return _judge(
            {
                "I2 every event planned or buried": self.find_lost,
                "I3 no offset before the plan": self._committed_early,
                "I7 the outbox is empty": lambda: [self.outbox] * bool(self.outbox),
                "I8 leases and slots are back": lambda: list(self.held),
                "I9 answers are of the pixels": self._of_other_pixels,
                "I12 all is terminal": lambda: [k for k, job in self.jobs.items() if job["status"] not in TERMINAL],
                "I17 people's values": lambda: [k for k in self.people if self.written.get(k) != self.people[k]],
            }
        )

    def find_lost(self) -> Violations:
        """Events that the broker acknowledged and whose medium is neither planned nor a dead letter."""
        planned = {media_id for media_id, row in self.media.items() if row["plan_no"] > 0}
        return [sent for sent in self.sent if sent.media_id not in planned and sent[:3] not in self.letters]

    def _done_without_effect(self) -> Violations:
        done = {(*key, job["generation"]) for key, job in self.jobs.items() if job["status"] == "done"}
        return list(done - self.effects.keys())

    def list_told(self) -> list[tuple[Any, ...]]:
        """The changes that events with ids of their own tell of: medium, job type, generation, outcome, reason."""
        return [
            (e["media_id"], e["job_type"], e["generation"], e["outcome"], e["reason"])
            for e in map(body, self.first_events)
        ]

    @property
    def _terminal(self) -> set[tuple[Any, ...]]:
        return {
            (*key, job["generation"], job["status"], job["reason"])
            for key, job in self.jobs.items()
            if job["status"] in TERMINAL
        }

    def _events_without_verdict(self) -> Violations:
        latest = {(media, job): generation for media, job, generation, *_ in sorted(self.list_told())}
        return [
            key
            for key, generation in latest.items()
            if key not in self.jobs
            or self.jobs[key]["status"] not in TERMINAL
            or generation > self.jobs[key]["generation"]
        ]

    def _unequal_repeats(self) -> Violations:
        said: dict[str, set[tuple[bytes, bytes]]] = defaultdict(set)
        for record in self.events:
            said[header(record, "ce_id")].add((record.key, record.value))
        return [event_id for event_id, bodies in said.items() if len(bodies) != 1]

    def _by_medium(self) -> Iterable[list[dict[str, Any]]]:
        events: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for event in map(body, self.first_events):
            events[event["media_id"]].append(event)
        return events.values()

    def _out_of_order(self) -> Violations:
        """Per medium, first occurrences are in commit order: plans only grow."""
        return [
            pair for events in self._by_medium() for pair in pairwise(events) if pair[0]["plan_no"] > pair[1]["plan_no"]
        ]

    def _upstreams_late(self) -> Violations:
        late = []
        for events in self._by_medium():
            first = list(dict.fromkeys(event["job_type"] for event in events))
            late += [(events, job) for at, job in enumerate(first) if UPSTREAMS[job].intersection(first[at + 1 :])]
        return late

    def _overlaps(self) -> Violations:
        """Calls for one medium overlap only where the first one's worker has lost its lease meanwhile.

        A lease that was prolonged in time holds for two thirds of its length at least; half of it leaves room for a
        machine that stalls. Calls that a dead worker left end long before its lease does.
        """
        by_medium: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for call in self.calls:
            if call["start"] is not None:
                by_medium[call["media"]].append((call["start"], call["end"] or float("inf")))
        return [
            (media, times)
            for media, calls in by_medium.items()
            for times in pairwise(sorted(calls))
            if times[1][0] < times[0][1] and times[1][0] - times[0][0] < self.lease / 2
        ]

    def _too_many_attempts(self) -> Violations:
        return [key for key, job in self.jobs.items() if job["attempt"] > TRIES]

    def _committed_early(self) -> Violations:
        return [
            s for s in self.find_lost() if s.topic in self.offsets and s.offset < self.offsets[s.topic][s.partition]
        ]

    def _of_other_pixels(self) -> Violations:
        last = {
            (run["media_id"], run["job_type"], run["generation"]): run for run in self.runs if run["outcome"] in EFFECTS
        }
        return [
            key
            for key, job in self.jobs.items()
            if job["status"] == "done"
            and (run := last.get((*key, job["generation"])))
            and (run["fingerprint"], run["content_hash"])
            not in [(job["fingerprint"], hash_) for hash_ in (self.media[key[0]]["content_hash"], None)]
        ]


def repeated(counts: Counter[Any]) -> list[Hashable]:
    """What was counted more than once."""
    return [key for key, count in counts.items() if count > 1]


def _judge(questions: Mapping[str, Callable[[], Violations]]) -> dict[str, Violations]:
    answers = {name: find() for name, find in questions.items()}
    return {name: found for name, found in answers.items() if found}


async def gather(world: World, people: Mapping[tuple[int, str], Any] | None = None) -> Evidence:
    """Read everything there is, but for the offsets; `people` is what was put into `media_meta` by a person."""
    await world.drained()
    runs = await world.pool.fetch("SELECT * FROM bildwerk.runs ORDER BY id")
    events = await world.wire.read(Topic.STAGE_COMPLETED)
    ours = [record for record in events if not header(record, "ce_source").startswith("/test/")]
    letters = await world.pool.fetch('SELECT topic, partition, "offset" FROM bildwerk.dead_letters')
    names = {world.wire.settings.name(topic): topic for topic in Topic}
    return Evidence(
        await world.jobs(),
        list(runs),
        ours,
        await world.calls(),
        media={row["id"]: row for row in await world.pool.fetch("SELECT * FROM bildwerk.media")},
        held=list(await world.pool.fetch(HELD)),
        outbox=await world.pool.fetchval("SELECT count(*) FROM bildwerk.outbox"),
        letters=frozenset(
            (names[row["topic"]], row["partition"], row["offset"]) for row in letters if row["topic"] in names
        ),
        sent=list(world.wire.sent),
        written={key: (await world.meta(key[0])).get(key[1]) for key in people or {}},
        people=people or {},
    )
