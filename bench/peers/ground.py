"""What one run is made on: a database, a topic and a group of its own, and a simulated Ollama; and its members."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import orjson

from bench.chains import INSTANT
from bench.peers.calls import Call, read_calls
from bench.peers.contestants import BILDWERK, REPOSITORY, SLOTS, Contestant
from bench.peers.workloads import Message, Workload
from bench.pictures import SMALL, fill
from bench.processes import Running
from bench.services import create_database, make_kafka, run_statement
from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.failure import SandboxError
from bildwerk.sandbox.ollama import start_simulated_ollama
from bildwerk.sandbox.process import Process, Program
from bildwerk.sandbox.simulated_ollama.models import SIMULATED
from consumers.kafka import KafkaSettings, make_producer
from contracts.topics import Topic
from db.migrate import migrate

MEDIA = "INSERT INTO public.media (path) SELECT lpad(n::text, 4, '0') || '.jpg' FROM generate_series(0, $1::int - 1) n"
TABLE = "CREATE TABLE peer_rows (media_id bigint, job text, member int)"
ROWS = "SELECT media_id, job FROM peer_rows"
OWN = "SELECT count(*) FROM peer_rows WHERE member = $1"
DONE = "SELECT media_id, job_type AS job FROM bildwerk.jobs WHERE status = 'done'"
STOP_SECONDS = 60.0
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Site:
    """What all runs share: the stack, a database to copy that has every medium, pictures, and a simulated Ollama."""

    stack: Stack
    template: str
    pictures: Path
    ollama: str
    control: httpx.AsyncClient


@dataclass
class Ground:
    """One contestant's run of one workload; `members` are those that have to be there."""

    site: Site
    contestant: Contestant
    workload: Workload
    folder: Path
    database: str
    kafka: KafkaSettings
    pool: asyncpg.Pool
    exits: AsyncExitStack
    members: list[Process] = field(default_factory=list)
    started: int = 0

    async def join(self) -> Process:
        """Start one more member."""
        self.started += 1
        log = self.folder / f"member-{self.started}.log"
        ours = self.contestant is BILDWERK
        argv = [sys.executable, "-m", "bildwerk", "serve"] if ours else [*self.contestant.command, *self._orders]
        common = {"PATH": os.defpath, "HOME": str(self.folder), "PYTHONPATH": str(REPOSITORY)}
        environment = common | (self._settings if ours else {})
        program = Program(self.contestant.name, argv, log, cwd=self.folder, environment=environment)
        member = await Process.start(program)
        self.members.append(member)
        self.exits.push_async_callback(member.stop, STOP_SECONDS)
        return member

    async def leave(self, member: Process) -> None:
        """Ask a member to stop, and wait. Raises SandboxError when it had ended before, or does not end by itself."""
        self.check()
        self.members.remove(member)
        await member.stop(STOP_SECONDS)
        if member.returncode == -signal.SIGKILL:
            raise SandboxError(f"{self.name(member)} was asked to stop, and did not in {STOP_SECONDS:g} s")

    async def kill(self, member: Process) -> None:
        """Take a member away without a word."""
        self.check()
        self.members.remove(member)
        os.kill(member.pid, signal.SIGKILL)
        await member.wait()

    def check(self) -> None:
        """Raise SandboxError when a member has ended that nobody asked to."""
        for member in self.members:
            if member.returncode is not None:
                raise SandboxError(f"{self.name(member)} ended ({member.returncode}): {member.read_tail(20)}")

    def name(self, member: Process) -> str:
        """What a member is called in a message: whose it is, and which of them."""
        return f"{self.contestant.name}, {member.program.log.stem}"

    async def count_work(self, member: Process) -> int:
        """How many messages a member has done: its rows, or what bildwerk's log says."""
        if self.contestant is BILDWERK:
            return sum(event["outcome"] == "done" for event in Running(member).list_events("job.ended"))
        return int(await self.pool.fetchval(OWN, member.pid))

    async def extend(self, more: Workload) -> None:
        """Send more messages, of media that were not among them."""
        await _teach(self.site.control, more)
        self.workload = self.workload.add(more)
        await publish(self.kafka, more, ours=self.contestant is BILDWERK)

    async def list_calls(self) -> list[Call]:
        """The model calls so far."""
        return read_calls((await self.site.control.get("/control/calls")).raise_for_status().json()["calls"])

    async def list_done(self) -> set[Message]:
        """What has its row."""
        rows = await self.pool.fetch(DONE if self.contestant is BILDWERK else ROWS)
        return {Message(row["media_id"], row["job"]) for row in rows}

    @property
    def _orders(self) -> list[str]:
        words = {
            "servers": self.kafka.servers[0],
            "topic": self.kafka.name(Topic.MEDIA_CREATED),
            "group": self.kafka.group,
            "concurrency": self.contestant.concurrency,
            "session": self.kafka.session_timeout,
            "ollama": self.site.ollama,
            "database": self.database,
        }
        return [word for name, value in words.items() for word in (f"--{name}", str(value))]

    @property
    def _settings(self) -> dict[str, str]:
        ours = {
            "media_root": self.site.pictures,
            "cache_folder": self.folder / "cache",
            "model": SIMULATED,
            "layout": "split",
            "fused": "never",
            "job_types": ",".join(self.workload.jobs),
            "kafka_group": self.kafka.group,
            "kafka_idempotence": False,
            "kafka_session_timeout_seconds": self.kafka.session_timeout,
            "lease_seconds": self.kafka.session_timeout,  # as long as a peer's partitions stay with one that died
            # A slot that comes free is heard of in its own process only, which takes it in milliseconds: who looks once
            # a second hardly gets one as long as the other one has work.
            "poll_seconds": POLL_SECONDS,
            "web_port": 0,
            **{f"topic_{topic.name.lower()}": name for topic, name in self.kafka.topics.items()},
        }
        return {
            "DATABASE_URL": self.database,
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.servers[0],
            "OLLAMA_HOST": f"{self.site.ollama}={SLOTS}",
            **{f"BILDWERK_{name.upper()}": str(value) for name, value in ours.items()},
        }


@asynccontextmanager
async def open_site(stack: Stack, folder: Path, media: int) -> AsyncIterator[Site]:
    """Make so many pictures in `folder`, and a database with them, and start the simulated Ollama."""
    fill(folder / "media", media, SMALL)
    template = await create_database(stack.database_url)
    await migrate(template)
    await run_statement(template, MEDIA, media)
    await run_statement(template, TABLE)
    # It could answer two members' calls at once: nobody waits in its queue.
    server = await start_simulated_ollama(folder, 2 * SLOTS, INSTANT)
    try:
        async with httpx.AsyncClient(base_url=server.control_url, trust_env=False) as control:
            yield Site(stack, template, folder / "media", server.url, control)
    finally:
        await server.process.stop()


@asynccontextmanager
async def lay_out(site: Site, contestant: Contestant, workload: Workload, folder: Path) -> AsyncIterator[Ground]:
    """Everything for one run, its messages already sent; leaving it stops every member."""
    folder.mkdir(parents=True)
    await _forget(site.control)
    await _teach(site.control, workload)
    kafka = await make_kafka(site.stack.kafka_bootstrap_servers, SLOTS)
    database = await create_database(site.stack.database_url, site.template)
    await publish(kafka, workload, ours=contestant is BILDWERK)
    async with AsyncExitStack() as exits:
        pool = await exits.enter_async_context(asyncpg.create_pool(database, min_size=1, max_size=1))
        yield Ground(site, contestant, workload, folder, database, kafka, pool, exits)


async def _forget(control: httpx.AsyncClient) -> None:
    """Make the server forget the run before."""
    for path in ("/control/faults", "/control/calls"):
        (await control.delete(path)).raise_for_status()
    assert not (await control.get("/control/calls")).json()["calls"], "a call of the run before is still under way"


async def _teach(control: httpx.AsyncClient, workload: Workload) -> None:
    """Say how long each call takes."""
    rules = [
        {"fault": "delay", "match": {"media": str(message.media_id), "job": message.job}, "seconds": seconds}
        for message, seconds in workload.seconds.items()
    ]
    (await control.post("/control/faults", content=orjson.dumps(rules))).raise_for_status()


async def publish(kafka: KafkaSettings, workload: Workload, *, ours: bool) -> None:
    """Send the messages, keyed by the medium; to bildwerk one event for each medium, for it knows the jobs itself."""
    bodies = (
        [{"media_id": media_id} for media_id in workload.media]
        if ours
        else [message._asdict() for message in workload.messages]
    )
    producer = make_producer(kafka)
    await producer.start()
    try:
        name = kafka.name(Topic.MEDIA_CREATED)
        sent = [await producer.send(name, orjson.dumps(body), str(body["media_id"]).encode()) for body in bodies]
        for message in sent:
            await message
    finally:
        await producer.stop()
