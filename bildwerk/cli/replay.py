"""`bildwerk replay`: plan what the events of a topic name once more, beside the running service."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from bildwerk.arguments import make_database, make_kafka, make_options, make_planner, make_rules
from bildwerk.cli.connections import blame_kafka, blame_postgres, connected
from bildwerk.cli.job_types import OnlyJobTypes, check_job_types
from bildwerk.cli.moments import Since, Until, to_milliseconds
from bildwerk.cli.problem import Problem
from bildwerk.cli.progress import make_progress
from bildwerk.environment import read
from bildwerk.reasons import say
from bildwerk.replay_words import describe
from bildwerk.settings import Settings
from consumers.kafka import KafkaSettings
from consumers.range_reader import NoSuchPartition, RangeReader, open_range
from consumers.replay import Replay, Tally
from consumers.stretch import Stretch
from contracts.topics import INTAKE_TOPICS, Topic
from db.pool import open_pool
from handlers.inference.client import Ollama
from handlers.runner.planning import Force, Planner
from handlers.runner.rerunning import ForceAgain, RenewStale, Rerun, RetryFailed
from handlers.runner.staleness import Staleness

LAST_ID: Final = 2**63 - 1
FORCE_ID: Final = re.compile(r"[\w.:-]{1,64}", re.ASCII)
STOPPED: Final = 130

MediaIds = Annotated[
    list[int] | None, typer.Option("--media-id", min=1, max=LAST_ID, help="Only this medium; may be repeated.")
]
Stale = Annotated[
    bool, typer.Option("--stale", help="Do jobs again that would be asked for otherwise today: model, words, context.")
]
ForceId = Annotated[
    str | None,
    typer.Option("--force-id", help="Go on with an earlier --force or --stale: each medium once per id."),
]


@dataclass(frozen=True, slots=True)
class Stretching:
    """Where on the topic to read."""

    topic: str
    partition: int | None
    from_offset: int


@dataclass(frozen=True, slots=True)
class Again:
    """Which jobs are done again; none of the three: those that are due anyway."""

    failed: bool
    stale: bool
    force: bool
    force_id: str
    job_types: tuple[str, ...]
    cascade: bool

    def check(self) -> None:
        """Raises Problem when this makes no sense."""
        if self.failed + self.stale + self.force > 1:
            raise Problem("--failed, --stale and --force are three ways: choose one")
        if self.job_types and not (self.failed or self.stale or self.force):
            raise Problem("--job-type goes with --failed, --stale or --force: a plain replay plans whole media")
        if self.cascade and not (self.stale or self.force):
            raise Problem("--cascade goes with --force or --stale")
        if not FORCE_ID.fullmatch(self.force_id):
            raise Problem("--force-id has up to 64 letters, digits and any of _ . : -")
        check_job_types(self.job_types)


def replay(  # noqa: PLR0913, PLR0917 - one option each
    topic: Annotated[str, typer.Option("--topic", help="One of the topics that are read, by either of its names.")],
    since: Since = None,
    until: Until = None,
    from_offset: Annotated[int, typer.Option("--from-offset", min=0, help="Begin there, on every partition.")] = 0,
    partition: Annotated[int | None, typer.Option("--partition", min=0, help="Only this partition.")] = None,
    media_ids: MediaIds = None,
    job_types: OnlyJobTypes = None,
    failed: Annotated[bool, typer.Option("--failed", help="Try failed jobs of the media again.")] = False,
    stale: Stale = False,
    force: Annotated[bool, typer.Option("--force", help="Do all jobs of the media again, or those named.")] = False,
    cascade: Annotated[bool, typer.Option("--cascade", help="And all that comes after the jobs done again.")] = False,
    force_id: ForceId = None,
    rate: Annotated[float, typer.Option("--rate", min=0.1, help="Plan so many media a second at most.")] = 500.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
) -> None:
    """Read events of a topic again, up to its present end, and plan the media they name; finished work is left alone.

    The service may run meanwhile: its consumer group is not touched. May be stopped and repeated.
    """
    again = Again(failed, stale, force, force_id or secrets.token_hex(6), tuple(job_types or ()), cascade)
    again.check()
    settings = read(Settings)
    place = Stretching(topic, partition, from_offset)
    stretch = Stretch(to_milliseconds(since), to_milliseconds(until), frozenset(media_ids) if media_ids else None)
    if (force or stale) and not dry_run:
        typer.echo(f"force id {again.force_id}: with --force-id the same command does what this one leaves", err=True)
    tally = Tally()
    try:
        asyncio.run(_replay(settings, place, again, Pace(stretch, rate, dry_run), tally))
    except KeyboardInterrupt:
        _print(tally, dry=dry_run)
        typer.echo("stopped; what was planned stays planned", err=True)
        raise typer.Exit(STOPPED) from None
    _print(tally, dry=dry_run)


@dataclass(frozen=True, slots=True)
class Pace:
    """Which events, how many media a second, and whether anything is done."""

    stretch: Stretch
    rate: float
    dry: bool


async def _replay(settings: Settings, place: Stretching, again: Again, pace: Pace, tally: Tally) -> None:
    planner, kafka = make_planner(settings), make_kafka(settings)
    topic = _find_topic(kafka, place.topic)
    async with connected(settings):
        pass  # refused with a line, before a pool goes on trying
    rerun = await _make_rerun(settings, planner, again)
    with blame_postgres(settings):
        async with open_pool(make_database(settings)) as pool:
            task = Replay(
                pool, planner, make_rules(settings, planner), pace.stretch, rerun, pace.rate, pace.dry, tally=tally
            )
            try:
                with blame_kafka(settings):
                    async with open_range(kafka, topic, place.partition, place.from_offset) as reader:
                        await _show(task, reader)
            except NoSuchPartition as problem:
                raise Problem(f"{problem}: look at --topic and --partition") from problem


async def _show(task: Replay, reader: RangeReader) -> None:
    with make_progress() as progress:
        bar = progress.add_task("replay", total=reader.total)
        await task.run(reader, lambda tally: progress.update(bar, completed=tally.passed))


def _find_topic(kafka: KafkaSettings, name: str) -> Topic:
    """The topic of either name. Raises Problem."""
    for topic in INTAKE_TOPICS:
        if name in (topic.value, kafka.name(topic)):
            return topic
    if name in (Topic.DEAD_LETTER.value, kafka.name(Topic.DEAD_LETTER)):
        raise Problem("dead letters are tried again by `bildwerk dead-letters retry`")
    raise Problem(f"--topic {name!r} is not read here: topics are {', '.join(kafka.name(t) for t in INTAKE_TOPICS)}")


async def _make_rerun(settings: Settings, planner: Planner, again: Again) -> Rerun | None:
    chain = planner.chain
    force = Force(f"replay:{again.force_id}", again.job_types, again.cascade)
    if again.failed:
        return RetryFailed(chain.select(again.job_types, cascade=False) - chain.foreign)
    if again.stale:
        return RenewStale(await _make_staleness(settings, planner), chain, force)
    return ForceAgain(chain, force) if again.force else None


async def _make_staleness(settings: Settings, planner: Planner) -> Staleness:
    """Which model would be asked now is for the hosts to say. Raises Problem when none does."""
    options = make_options(settings)
    async with Ollama(settings.ollama_host, options) as ollama:
        digests = {model: await _find_digests(ollama, model) for model in planner.chain.lines}
    return Staleness(planner, options, digests)


async def _find_digests(ollama: Ollama, model: str) -> frozenset[str | None]:
    reports = await asyncio.gather(*(ollama.inspect_host(host, model) for host in ollama.hosts))
    digests = frozenset(report.digest for report in reports if report.problem is None)
    if not digests:
        lines = [
            f"Ollama at {host.name}: {say(report.problem.reason)}"
            for host, report in zip(ollama.hosts, reports, strict=True)
            if report.problem
        ]
        raise Problem(f"what is stale depends on {model}, and no Ollama host can say which it has", *lines)
    return digests


def _print(tally: Tally, *, dry: bool) -> None:
    for line in describe(tally, dry=dry):
        typer.echo(line, err=True)
