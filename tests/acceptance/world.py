"""A world of a test's own: library, database, topics, group, simulated Ollama, and `bildwerk serve` as processes.

Everything is done and seen from outside: events through Kafka, results in PostgreSQL and on the topics, model calls in
the log of the simulated Ollama.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson

from bildwerk.sandbox.ollama import Simulated, start_simulated_ollama
from bildwerk.sandbox.process import Process, Program
from consumers.kafka import KafkaSettings, create_topics
from contracts.topics import Topic
from tests.acceptance.pictures import fill
from tests.acceptance.polling import until
from tests.acceptance.wire import Wire
from tests.brokers import Broker

REPOSITORY = Path(__file__).parents[2]
MODEL = "bildwerk-simulated"
CAPTION, TITLE = "ollama_caption", "ollama_title"
PARTITIONS = 3


@dataclass
class Service:
    """One `bildwerk serve`."""

    process: Process

    @property
    def log(self) -> str:
        """All that it wrote."""
        return self.process.program.log.read_text(errors="replace")

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its log events of that name."""
        lines = (orjson.loads(line) for line in self.log.splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == name]

    def errors(self) -> list[dict[str, Any]]:
        """What it logged that is a mistake of ours."""
        lines = (orjson.loads(line) for line in self.log.splitlines() if line.startswith("{"))
        grave = [line for line in lines if line["level"] in ("error", "critical")]
        return [line for line in grave if line["event"] != "library.logged"]

    async def said(self, name: str, seconds: float = 30.0) -> None:
        """Wait until it has logged an event of that name."""

        async def has() -> bool:
            return bool(self.events(name))

        await until(has, seconds)

    async def started(self) -> "Service":
        """Wait until it works."""

        async def ready() -> bool | None:
            return bool(self.events("service.started")) or None

        await self.process.wait_until(ready, 30.0)
        return self

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.process.pid, number)

    async def kill(self) -> None:
        """Take it away without a word."""
        self.send(signal.SIGKILL)
        await self.process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30.0) -> int:
        """Ask it to stop; returns its exit status."""
        self.send(number)
        async with asyncio.timeout(seconds):
            return await self.process.wait()


@dataclass
class World:
    """What a test works with."""

    folder: Path
    database: str
    word: str
    pool: asyncpg.Pool
    wire: Wire
    ollama: Simulated
    control: httpx.AsyncClient
    exits: AsyncExitStack
    slots: int = 4
    session_timeout: float = 4.0
    settings: dict[str, str] = field(default_factory=dict)
    services: list[Service] = field(default_factory=list)
    pictures: int = 0
    launch: Callable[[Program], Awaitable[Process]] = Process.start

    @property
    def root(self) -> Path:
        """The media root."""
        return self.folder / "media"

    def environment(self, settings: Mapping[str, object]) -> dict[str, str]:
        """The environment of a process; `settings` are names without BILDWERK_, or whole names in capitals."""
        given = {
            "DATABASE_URL": self.database,
            "KAFKA_BOOTSTRAP_SERVERS": self.wire.settings.servers[0],
            "OLLAMA_HOST": f"{self.ollama.url}={self.slots}",
            "media_root": self.root,
            "model": MODEL,
            "layout": "split",
            "fused": "never",
            "job_types": f"{CAPTION},{TITLE}",
            "cache_folder": self.folder / "cache",
            "kafka_group": self.wire.settings.group,
            "kafka_idempotence": self.wire.settings.idempotence,
            "kafka_session_timeout_seconds": self.session_timeout,
            "topic_media_created": self.wire.settings.name(Topic.MEDIA_CREATED),
            "topic_media_updated": self.wire.settings.name(Topic.MEDIA_UPDATED),
            "topic_stage_completed": self.wire.settings.name(Topic.STAGE_COMPLETED),
            "topic_dead_letter": self.wire.settings.name(Topic.DEAD_LETTER),
            "poll_seconds": 0.25,
            "sweep_seconds": 3600,
            "web_port": 0,
            "log_level": "debug",
            **self.settings,
            **settings,
        }
        named = {name if name.isupper() else f"BILDWERK_{name.upper()}": str(v) for name, v in given.items()}
        return {"PATH": os.defpath, "HOME": str(self.folder), "PYTHONPATH": str(REPOSITORY), **named}

    async def serve(self, **settings: object) -> Service:
        """Start one more `bildwerk serve`; see `environment` for its settings."""
        return await self.run("serve", **settings)

    async def run(self, *command: str, **settings: object) -> Service:
        """Start a command of bildwerk, which is stopped at the end."""
        log = self.folder / f"serve-{len(self.services)}.log"
        argv = [sys.executable, "-m", "bildwerk", *command]
        environment = self.environment(settings)
        program = Program(f"bildwerk {command[0]}", argv, log, cwd=self.folder, environment=environment)
        process = await self.launch(program)
        self.exits.push_async_callback(process.stop, 5.0)
        service = Service(process)
        self.services.append(service)
        return service

    async def add(self, count: int) -> list[int]:
        """Put pictures into the library, other ones each time: files and rows, no event."""
        self.pictures += count
        return await self.add_paths(fill(self.root, count, self.pictures - count))

    async def add_paths(self, paths: Iterable[str]) -> list[int]:
        """Rows for files."""
        rows = await self.pool.fetch(
            "INSERT INTO public.media (path) SELECT * FROM unnest($1::text[]) RETURNING id", list(paths)
        )
        return [row["id"] for row in rows]

    async def jobs(self, media: Iterable[int] | None = None) -> dict[tuple[int, str], asyncpg.Record]:
        """The verdicts by medium and job type."""
        rows = await self.pool.fetch(
            "SELECT * FROM bildwerk.jobs WHERE $1::bigint[] IS NULL OR media_id = ANY($1) ORDER BY media_id, job_type",
            None if media is None else list(media),
        )
        return {(row["media_id"], row["job_type"]): row for row in rows}

    async def add_as(self, media_id: int) -> None:
        """Put one more picture into the library, under an id of the test's choice."""
        self.pictures += 1
        (path,) = fill(self.root, 1, self.pictures - 1)
        await self.pool.execute("INSERT INTO public.media (id, path) VALUES ($1, $2)", media_id, path)

    async def inspected(self, media: Sequence[int], seconds: float = 30.0) -> None:
        """Wait until the pictures of these media were looked at."""

        async def done() -> bool:
            looked_at = await self.pool.fetchval(
                "SELECT count(*) FROM bildwerk.media WHERE id = ANY($1) AND seen AND inspect_at IS NULL"
                " AND inspected_mark IS NOT NULL",
                list(media),
            )
            return bool(looked_at == len(media))

        await until(done, seconds)

    async def settled(self, media: Sequence[int], seconds: float = 60.0, jobs: int = 2) -> None:
        """Wait until every job of these media is terminal, all leases are back and the outbox is empty.

        Nobody is left, either, who is to be planned because of a neighbour: that may open what was done.
        """

        async def done() -> bool:
            if await self.pool.fetchval("SELECT EXISTS (SELECT FROM bildwerk.neighbours)"):
                return False
            ended = await self.pool.fetchval(
                "SELECT count(*) FROM bildwerk.jobs"
                " WHERE media_id = ANY($1) AND status IN ('done', 'skipped', 'failed')",
                list(media),
            )
            held = await self.pool.fetchval(
                "SELECT count(*) FROM bildwerk.media WHERE owner IS NOT NULL OR (id = ANY($1) AND due <> '{}')",
                list(media),
            )
            return bool(ended == jobs * len(media) and held == 0)

        await until(done, seconds)
        await self.drained(seconds)

    async def drained(self, seconds: float = 30.0) -> None:
        """Wait until the outbox is empty."""

        async def empty() -> bool:
            return not await self.pool.fetchval("SELECT EXISTS (SELECT FROM bildwerk.outbox)")

        await until(empty, seconds)

    async def touch(self, media_id: int) -> None:
        """Move `updated_at` as a platform does when it saves a row."""
        await self.pool.execute("UPDATE public.media SET updated_at = clock_timestamp() WHERE id = $1", media_id)

    async def statuses(self, media: Iterable[int] | None = None) -> Counter[str]:
        """How many jobs are in which state."""
        return Counter(job["status"] for job in (await self.jobs(media)).values())

    async def meta(self, media_id: int) -> dict[str, Any]:
        """What the platform's table says of a medium."""
        rows = await self.pool.fetch("SELECT key, value FROM public.media_meta WHERE media_id = $1", media_id)
        return {row["key"]: row["value"] for row in rows}

    async def put(self, media_id: int, key: str, value: object) -> None:
        """Write a value as a person or the platform does."""
        await self.pool.execute(
            "INSERT INTO public.media_meta VALUES ($1, $2, $3)"
            " ON CONFLICT (media_id, key) DO UPDATE SET value = excluded.value",
            media_id, key, value,
        )  # fmt: skip

    async def calls(self, *media: int) -> list[dict[str, Any]]:
        """The model calls that were made, probes aside: all, or those for some media."""
        answer = await self.control.get("/control/calls")
        wanted = set(map(str, media))
        return [c for c in answer.json()["calls"] if not c["probe"] and (not media or c["media"] in wanted)]

    async def outcomes(self, media_id: int) -> list[tuple[str, str]]:
        """The job type and outcome of each run of a medium, in order."""
        rows = await self.pool.fetch(
            "SELECT job_type, outcome FROM bildwerk.runs WHERE media_id = $1 ORDER BY id", media_id
        )
        return [(row["job_type"], row["outcome"]) for row in rows]

    async def spoil(self, fault: str, **rule: object) -> None:
        """Script a fault."""
        (await self.control.post("/control/faults", json={"fault": fault, **rule})).raise_for_status()

    async def heal(self) -> None:
        """End all faults."""
        (await self.control.delete("/control/faults")).raise_for_status()

    async def under_way(self, media_id: int, job: str, number: int = 1) -> None:
        """Wait until the model is at work on a medium's job for the `number`th time."""

        async def working() -> bool:
            calls = [c for c in await self.calls(media_id) if c["job"] == job and c["start"]]
            return len(calls) >= number

        await until(working)

    async def most_at_once(self) -> int:
        """The most model calls that were under way at the same time."""
        return int((await self.control.get("/control/state")).json()["max_running"])


@asynccontextmanager
async def make_world(
    broker: Broker, database: str, folder: Path, word: str, slots: int = 4, options: Sequence[str] = ()
) -> AsyncIterator[World]:
    """A world on a broker and a migrated database; leaving it stops every process it started."""
    (folder / "media").mkdir(parents=True)
    topics = {topic: f"{word}.{topic.value}" for topic in Topic}
    settings = KafkaSettings((broker.address,), f"group-{word}", topics, idempotence=broker.idempotence)
    await create_topics(settings, PARTITIONS)
    async with AsyncExitStack() as exits:
        # It could do more at once than it is said to: that no more is asked of it is our doing.
        ollama = await start_simulated_ollama(folder, 4 * slots, options)
        exits.push_async_callback(ollama.process.stop)
        client = httpx.AsyncClient(base_url=ollama.control_url, trust_env=False, timeout=60.0)
        control = await exits.enter_async_context(client)
        pool = await exits.enter_async_context(asyncpg.create_pool(database, min_size=1, max_size=4, init=_read_json))
        wire = await exits.enter_async_context(Wire(settings, PARTITIONS))
        world = World(
            folder, database, word, pool, wire, ollama, control, exits, slots, max(4.0, broker.session_timeout)
        )
        yield world
        for service in world.services:
            assert service.errors() == []


async def _read_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda v: orjson.dumps(v).decode(), decoder=orjson.loads
    )
