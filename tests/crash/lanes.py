"""Processes of one world that die one after another, and what makes them come to the points where they do."""

import asyncio
import itertools
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from contracts.topics import Topic
from tests.acceptance.invariants import Evidence, gather
from tests.acceptance.polling import until
from tests.acceptance.test_duplicates import paint, retouch
from tests.acceptance.world import TITLE, Service, World
from tests.crash.cases import Case
from tests.crash.points import JOBS

SETTINGS = {"lease_seconds": 3, "decoder_seconds": 3, "decoder_processes": 1, "kafka_session_timeout_seconds": 2}
SLOTS = 1
BAD = b"{oops"
LARGE = 3_000
"""Bytes of an event that intake takes for too large, and `dead-letters retry` does not."""
DEATH_SECONDS = 240.0


@dataclass
class Lanes:
    """Processes of one world that die one after another."""

    world: World
    dice: random.Random
    job_types: tuple[str, ...]
    media: list[int] = field(default_factory=list)
    _addresses: Any = field(default_factory=lambda: itertools.cycle(range(2, 250)))

    async def start(self, case: Case | None, *command: str, slots: int = SLOTS, **settings: object) -> Service:
        """A process with slots of its own, that dies there."""
        port = self.world.ollama.url.rpartition(":")[2]
        asked = {} if case is None else {"CRASH_AT": case.name, "CRASH_RECORD": self.world.folder / "crashes"}
        return await self.world.run(
            *(command or ("serve",)),
            OLLAMA_HOST=f"http://127.0.0.{next(self._addresses)}:{port}={slots}",
            job_types=",".join(self.job_types),
            **{**SETTINGS, **asked, **settings},
        )

    async def wait_for_death(self, service: Service, case: Case) -> bool:
        """False when it is still alive after a moment."""
        dying = asyncio.create_task(service.process.wait())
        await asyncio.wait([dying], timeout=0.5)
        if not dying.done():
            dying.cancel()
            return False
        assert dying.result() == -signal.SIGKILL, f"{case.name}: {service.log[-2000:]}"
        return True

    def crashes(self) -> list[dict[str, Any]]:
        """What the dead left."""
        record = self.world.folder / "crashes"
        return [orjson.loads(line) for line in record.read_bytes().splitlines()] if record.exists() else []

    async def end(self) -> Evidence:
        """Let a process that nobody kills finish the rest; what is left is the evidence."""
        await self.start(None, slots=4)
        await self.world.settled(self.media, seconds=300, jobs=len(self.job_types))
        await self.world.pool.execute("UPDATE bildwerk.uncompared SET compare_at = now()")
        await until(self._has_compared_all, 120)
        evidence = await gather(self.world)
        evidence = replace(evidence, events=[record for record in evidence.events if record.value != BAD])
        evidence.check()
        return evidence

    async def _has_compared_all(self) -> bool:
        """Whether no picture is left that its inspector did not live to compare with the library."""
        return not await self.world.pool.fetchval(
            "SELECT EXISTS (SELECT FROM bildwerk.pictures WHERE phash IS NOT NULL AND compared IS NULL)"
        )


@dataclass
class MediaLanes(Lanes):
    """What happens to a medium, by all job types."""

    pairs: Any = field(default_factory=itertools.count)

    async def feed(self) -> None:
        """Two pictures that are nearly the same: so that there is a duplicate to ask about."""
        number = next(self.pairs)
        folder = self.world.root / f"{number}"
        folder.mkdir()
        paint(number).save(folder / "a.png")
        retouch(paint(number), self.dice).resize((180, 135)).save(folder / "b.jpg", quality=70)
        media = await self.world.add_paths([f"{number}/a.png", f"{number}/b.jpg"])
        for media_id in media:
            await self.world.put(media_id, "scan.nsfw_score", 0.3)
        self.media += media
        await self.world.wire.created(media)

    async def run(self, cases: list[Case]) -> None:
        """Take cases from the list until there is none."""
        while cases:
            case = cases.pop()
            service, began, fed = await self.start(case), time.monotonic(), 0
            while not await self.wait_for_death(service, case):
                assert time.monotonic() - began < DEATH_SECONDS, f"{case.name} was not reached"
                if await self.is_idle(case) or time.monotonic() - began > 40 * (fed + 1):
                    fed += 1
                    await self.feed()

    async def is_idle(self, case: Case) -> bool:
        """Whether what a case waits for cannot come: no picture is new, no job of its type is open, or none at all."""
        if not await self.world.pool.fetchval(
            "SELECT count(*) = $2 FROM bildwerk.media WHERE id = ANY($1) AND seen", self.media, len(self.media)
        ):
            return False
        if case.point.name.startswith(("inspector", "seeker")):
            return not await self.world.pool.fetchval(
                "SELECT EXISTS (SELECT FROM bildwerk.media WHERE inspect_at IS NOT NULL OR seek_at IS NOT NULL)"
            )
        return not await self.world.pool.fetchval(
            "SELECT EXISTS (SELECT FROM bildwerk.jobs WHERE job_type = ANY($1) AND status IN ('waiting', 'due'))",
            [case.subject] if case.subject in JOBS else list(self.job_types),
        )


@dataclass
class EventLanes(Lanes):
    """What happens to an event: of three topics, good ones, bad ones, and those that are replayed."""

    forces: Counter[int] = field(default_factory=Counter)
    bad: int = 0
    large: int = 0

    async def provoke(self, case: Case) -> None:
        """Send what a case waits for."""
        topic = Topic(case.subject) if case.subject else Topic.MEDIA_CREATED
        if case.point.name.startswith("letter.") or topic is Topic.DEAD_LETTER:
            await self.world.wire.send_bytes(Topic.MEDIA_CREATED if topic is Topic.DEAD_LETTER else topic, BAD)
            self.bad += 1
        elif topic is Topic.MEDIA_CREATED:
            media = await self.world.add(1)
            self.media += media
            await self.world.wire.created(media)
        else:  # our own completion follows
            media_id = self.dice.choice(self.media)
            self.forces[media_id] += 1
            await self.world.wire.updated(media_id, force=True, job_types=[TITLE])

    async def run(self, cases: list[Case]) -> None:
        """First those that die at what they do by themselves, then commands beside a process that lives."""
        self.media = await self.world.add(2)
        await self.world.wire.created(self.media)
        for case in (case for case in cases if case.point.command == "serve"):
            service, began, provoked = (
                await self.start(case, sweep_seconds=1, event_max_bytes=LARGE),
                time.monotonic(),
                0,
            )
            await self.provoke(case)
            while not await self.wait_for_death(service, case):
                assert time.monotonic() - began < DEATH_SECONDS, f"{case.name} was not reached"
                if time.monotonic() - began > 15 * (provoked + 1):
                    provoked += 1
                    await self.provoke(case)
        living = await self.start(None, sweep_seconds=1, event_max_bytes=LARGE)
        for case in (case for case in cases if case.point.command != "serve"):
            await self.command(case)
        replaying = await self.start(None, "replay", "--topic", "media.updated")
        assert await replaying.process.wait() == 0, replaying.log
        await self.world.settled(self.media, seconds=120, jobs=len(self.job_types))
        assert await living.stop(seconds=60) == 0

    async def command(self, case: Case) -> None:
        """A command that dies, and the same one again."""
        words = ("replay", "--topic", "media.created")
        if case.point.command == "dead-letters":
            words = ("dead-letters", "retry", "--all")
            media = await self.world.add(1)
            self.media += media
            self.large += 1
            await self.world.wire.send(Topic.MEDIA_CREATED, [{"media_id": media[0], "padding": "x" * LARGE}])
            await self.world.wire.taken_in(Topic.MEDIA_CREATED, seconds=60)
        service = await self.start(case, *words)
        assert await service.process.wait() == -signal.SIGKILL, f"{case.name}: {service.log[-2000:]}"
        service = await self.start(None, *words)
        await service.process.wait()

    async def check(self) -> None:
        """Every force was honoured once, every bad event is one dead letter, each of which is told of once.

        Two forces that are planned together raise a job by one generation.
        """
        rows = await self.world.pool.fetch(
            "SELECT j.media_id, j.generation, count(f) AS forces FROM bildwerk.jobs AS j"
            " LEFT JOIN bildwerk.forces AS f USING (media_id) WHERE j.job_type = $1 GROUP BY j.media_id, j.generation",
            TITLE,
        )
        assert {row["media_id"]: row["forces"] for row in rows} == {m: self.forces[m] for m in self.media}
        raised = {row["media_id"]: (row["generation"], row["forces"]) for row in rows}
        assert {m: told for m, told in raised.items() if not min(1, told[1]) <= told[0] <= told[1]} == {}
        letters = await self.world.pool.fetch('SELECT topic, partition, "offset" FROM bildwerk.dead_letters')
        assert len(letters) == len(set(map(tuple, letters))) == self.bad, (len(letters), self.bad)
        told = await self.world.wire.read(Topic.DEAD_LETTER)
        ids = {dict(record.headers)["ce_id"] for record in told}
        assert len(ids) == self.bad + self.large, (len(ids), self.bad, self.large)
