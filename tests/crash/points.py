"""Every step of the path at which a process is made to die, as a table: its name, the function, and what is counted.

No hook of the product is behind them: `tests.crash.wounds` wraps the functions in the process that is to die. A point
is tried with each of its subjects: job types, topics, or once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from contracts.topics import INTAKE_TOPICS, Topic
from handlers.registry import load_stages
from tests.crash import passages
from tests.crash.passages import Names, Passage

JOBS = tuple(stage.job_type for stage in load_stages())
TAKEN_IN = tuple(topic.value for topic in INTAKE_TOPICS)
PUBLISHED = (Topic.STAGE_COMPLETED.value, Topic.DEAD_LETTER.value)
ONCE = ("",)

_FINISH = "handlers.runner.finishing:Finisher.finish"
_PLAN = "handlers.runner.planning:Planner.plan_media"


class When(StrEnum):
    """On which side of the function."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Point:
    """A step. `target` is module:function, `within` the function that it must have been called from.

    `passes` says which subjects pass there; `command` is whose process dies.
    """

    name: str
    when: When
    target: str
    subjects: tuple[str, ...]
    passes: Callable[[Passage], Awaitable[Names]]
    within: str = ""
    command: str = "serve"


def _once(name: str, when: When, target: str, within: str = "", command: str = "serve") -> Point:
    return Point(name, when, target, ONCE, passages.always, within, command)


def _some(name: str, target: str, command: str = "serve") -> Point:
    """After a function that found something."""
    return Point(name, When.AFTER, target, ONCE, passages.something, command=command)


_B, _D, _A = When.BEFORE, When.DURING, When.AFTER

POINTS = (
    Point("intake.polled", _A, "consumers.reader:Reader.poll", TAKEN_IN, passages.topics_in_hand),
    Point("intake.decoded", _A, "consumers.intake:triage", TAKEN_IN, passages.topics_in_hand),
    Point("intake.planned", _A, "consumers.intake:plan_triage", TAKEN_IN, passages.topics_in_hand),
    Point("intake.plan_committed", _A, "consumers.intake:Intake._plan", TAKEN_IN, passages.topics_in_hand),
    Point("intake.committing", _B, "aiokafka:AIOKafkaConsumer.commit", TAKEN_IN, passages.topics_in_hand),
    Point("intake.committed", _A, "aiokafka:AIOKafkaConsumer.commit", TAKEN_IN, passages.topics_in_hand),
    Point("letter.burying", _B, "db.dead_letters:bury", TAKEN_IN, passages.topics_of_letters),
    Point("letter.buried", _A, "db.dead_letters:bury", TAKEN_IN, passages.topics_of_letters),
    _some("inspector.claimed", "db.inspections:claim"),
    _once("inspector.read", _A, "consumers.store:Store.inspect"),
    _once("inspector.storing", _B, "db.inspections:settle"),
    _once("inspector.stored", _A, "db.inspections:settle"),
    _once("inspector.planned", _A, _PLAN, within="consumers.inspector:Inspector._settle"),
    _once("inspector.committed", _B, "consumers.inspector:index_medium"),
    _once("inspector.compared", _A, "db.inspections:compare"),
    _some("seeker.claimed", "db.duplicates:claim"),
    Point("seeker.settled", _A, "db.duplicates:settle", ONCE, passages.not_none),
    _once("seeker.sought", _A, "handlers.runner.seeking:Seeker.seek"),
    Point("worker.claimed", _A, "db.leases:claim", ONCE, passages.not_none),
    Point("worker.beaten", _A, "db.leases:beat", JOBS, passages.open_jobs),
    Point("job.read", _A, "handlers.runner.choosing:Chooser.choose", JOBS, passages.next_job),
    Point("job.prepared", _A, "handlers.runner.asking:Asker.prepare", JOBS, passages.asked_job),
    Point("job.recorded", _A, "db.runs:start", JOBS, passages.recorded_job),
    Point("job.asking", _B, "handlers.runner.asking:Asker._call", JOBS, passages.this_job),
    Point("job.asked", _D, "handlers.runner.asking:Asker._call", JOBS, passages.this_job),
    Point("job.answered", _A, "handlers.runner.asking:Asker.ask", JOBS, passages.this_job),
    Point("finish.fenced", _A, "db.leases:fence", JOBS, passages.this_job, within=_FINISH),
    Point("finish.written", _A, "handlers.runner.writing:EffectWriter.write", JOBS, passages.this_job),
    Point("finish.run_ended", _A, "db.runs:end", JOBS, passages.this_job, within=_FINISH),
    Point("finish.emitted", _A, "db.ledger:write", JOBS, passages.this_job, within=_FINISH),
    Point("finish.committing", _A, _FINISH, JOBS, passages.this_job),
    Point("finish.committed", _A, "handlers.runner.medium:Runner._finish", JOBS, passages.this_job),
    _once("release.medium_due", _B, "db.leases:release"),
    _once("release.medium", _A, "db.leases:release"),
    _once("release.slot", _A, "db.leases:release_slot"),
    Point("relay.sending", _B, "consumers.publishing:Publisher.publish", PUBLISHED, passages.topics_of_rows),
    Point("relay.sent", _A, "aiokafka:AIOKafkaProducer.send", PUBLISHED, passages.topic_named),
    Point("relay.on_the_wire", _A, "consumers.publishing:Publisher._send", PUBLISHED, passages.topic_of_row),
    Point("relay.acknowledged", _A, "consumers.publishing:Publisher.publish", PUBLISHED, passages.topics_of_rows),
    Point("relay.deleted", _A, "consumers.relay:Relay._settle", PUBLISHED, passages.topics_published),
    Point("relay.committed", _B, "consumers.relay:Relay._note", PUBLISHED, passages.topics_noted),
    Point("sweep.claimed", _A, "db.sweep:claim", ONCE, passages.not_none),
    _once("sweep.planned", _A, _PLAN, within="consumers.sweep:Sweep.sweep_slice"),
    _once("sweep.advanced", _A, "db.sweep:advance"),
    _some("sweep.committed", "consumers.sweep:Sweep.sweep_slice"),
    _some("replay.read", "consumers.range_reader:RangeReader.read", command="replay"),
    _once("replay.planned", _A, "consumers.replay:Replay._plan_page", command="replay"),
    _once("replay.committed", _A, "consumers.replay:Replay._plan", command="replay"),
    _once("retry.planned", _A, "consumers.letter_retry:plan_triage", command="dead-letters"),
    _some("retry.removed", "db.letter_box:remove", command="dead-letters"),
    _once("retry.committed", _A, "consumers.letter_retry:LetterRetry._try_page", command="dead-letters"),
)
BY_NAME = {point.name: point for point in POINTS}


def make_table() -> str:
    """The table of the page on crashes, in Markdown."""
    words = {JOBS: "each job type", TAKEN_IN: "each topic read", PUBLISHED: "each topic written", ONCE: "once"}
    rows = [
        f"| `{p.name}` | {p.when} `{p.target}`{f' within `{p.within}`' if p.within else ''} | {words[p.subjects]} |"
        for p in POINTS
    ]
    return "\n".join(["| point | the process dies | tried |", "|---|---|---|", *rows])
