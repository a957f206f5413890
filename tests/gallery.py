"""Media that look alike: a real inspector, seeker and runner on a real PostgreSQL; files and the model are made up."""

import json
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from PIL import Image

from consumers.inspector import Inspector
from consumers.seeker import DuplicateSeeker
from consumers.sweep import Sweep
from contracts.duplicates import ASKS
from contracts.facts import Picture
from contracts.moments import Taken
from contracts.sketches import SKETCH_SIDE, Sketch
from db import leases
from db.pool import Pool
from handlers.duplicates.report import write_report
from handlers.failures import Invalid
from handlers.inference.client import Question, Reply
from handlers.inspect.pool import Inspection
from handlers.models import Models
from handlers.runner.asking import Asker
from handlers.runner.finishing import Finisher
from handlers.runner.medium import Runner
from handlers.runner.planning import Force, Planner
from handlers.runner.seeking import Seeker
from handlers.runner.work import Work
from handlers.stage import Stage
from handlers.stages.duplicate_assist import REPORT
from tests.ledger import HOST, Ledger, choose

READY = "SELECT EXISTS (SELECT FROM bildwerk.media WHERE owner IS NULL AND due <> '{}' AND run_at <= now())"
Said = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Shot:
    """A file: shots of one motif with other pixels look the same, those with another `moment` (seconds) are a burst.

    A `flat` motif has no hashes; `tag` stands for metadata, which changes bytes and no pixels.
    """

    motif: int
    pixels: int = 0
    moment: int | None = None
    tag: int = 0
    flat: bool = False

    @property
    def pixel_hash(self) -> str:
        return f"{self.motif}-{self.pixels}-{self.moment}{'-flat' * self.flat}"

    @property
    def content_hash(self) -> str:
        return f"{self.pixel_hash}-{self.tag}"

    @property
    def picture(self) -> Picture:
        """What the inspector finds in it."""
        taken = None
        if self.moment is not None:
            noon = datetime(2026, 5, 1, 12)  # noqa: DTZ001 - a camera knows no zone
            taken = Taken(at=noon + timedelta(seconds=self.moment), camera="Simulated")
        side = 100 + self.pixels
        sketch = Sketch(bytes([128] * SKETCH_SIDE**2)) if self.flat else draw(self.motif, self.pixels)
        return Picture("JPEG", side, side, self.pixel_hash, sketch=sketch, taken=taken)


@cache
def draw(motif: int, pixels: int) -> Sketch:
    """A sketch with as much contrast as hashes need; other pixels are a level lighter or darker here and there."""
    drawn, moved = random.Random(motif), random.Random(motif << 16 | pixels)
    cells = bytes(level + moved.choice((-1, 0, 0, 0, 1)) for level in drawn.choices(range(10, 246), k=36))
    wide = Image.frombytes("L", (6, 6), cells).resize((SKETCH_SIDE, SKETCH_SIDE), Image.Resampling.BICUBIC)
    return Sketch(wide.tobytes())


@dataclass
class Shelf:
    """Files by path: what the inspector sees, and the `renditions` that are sent, which are their content hashes."""

    files: dict[str, Shot] = field(default_factory=dict)

    def is_available(self) -> bool:
        return True

    async def inspect(self, reference: str, measured: str | None = None) -> Inspection:  # noqa: ARG002
        shot = self.files.get(reference)
        if shot is None:
            raise Invalid("not_a_picture")
        return Inspection(shot.content_hash, 1, shot.picture, None)

    async def rendition(self, reference: str, content_hash: str) -> bytes:  # noqa: ARG002
        return content_hash.encode()

    async def hash(self, reference: str) -> str:
        return self.files[reference].content_hash


@dataclass
class Judge:
    """A model: it says of each picture what `opinion` gives for its content hash, and remembers what it was shown."""

    opinion: Callable[[str], tuple[str, str]] = field(default=lambda _content_hash: ("burst", "neither"))
    asked: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    before: Callable[[Question], Any] | None = None

    async def ask(self, host: str, question: Question, send: Callable[[], None]) -> Reply:
        send()
        shown = {each.alias: each.rendition.decode() for each in question.companions}
        self.asked.append((question.media_id, tuple(shown.values())))
        if self.before is not None:
            await self.before(question)
        others = []
        for alias, content_hash in shown.items():
            relation, keep = self.opinion(content_hash)
            words = f"The light is a little stronger on the left side of picture {alias}."
            others.append({"alias": alias, "difference": words, "keep": keep, "relation": relation})
        return Reply(json.dumps({"others": others}), "simulated", host, 10, 5, 0.0, 1.0, 2.0, 3.0)

    def recipe(self, host: str, stage: Stage[Any], question: Question) -> str:  # noqa: ARG002
        return "recipe"

    def fuses(self, host: str, model: str) -> bool:  # noqa: ARG002
        return False


@dataclass
class Gallery:
    """What people, the platform and our processes do, each act in a transaction of its own."""

    ledger: Ledger
    shelf: Shelf = field(default_factory=Shelf)
    judge: Judge = field(default_factory=Judge)
    planner: Planner = field(default_factory=lambda: Planner(choose(ASKS)))

    def __post_init__(self) -> None:
        self.ledger.planner = self.planner
        self.inspector = Inspector(self.pool, self.planner, self.shelf, lambda: None)
        self.seeker = Seeker(self.pool, self.planner)
        self.duplicates = DuplicateSeeker(self.pool, self.planner, self.seeker)
        self.runner = Runner(self.pool, Finisher(self.planner), Asker(self.shelf, self.judge, Models("simulated")))

    @property
    def pool(self) -> Pool:
        return self.ledger.pool

    async def upload(self, *shots: Shot) -> list[int]:
        """Files and rows, which events name; nothing is inspected yet."""
        media = []
        for shot in shots:
            path = f"{uuid4()}.jpg"
            self.shelf.files[path] = shot
            media.append(await self.pool.fetchval("INSERT INTO media (path) VALUES ($1) RETURNING id", path))
            await self.ledger.plan(media[-1])
        return media

    async def bring(self, *shots: Shot) -> list[int]:
        """Upload, and let everything come of it."""
        media = await self.upload(*shots)
        await self.settle()
        return media

    async def replace(self, media_id: int, shot: Shot) -> None:
        """Other bytes under the same path."""
        self.shelf.files[await self.path(media_id)] = shot
        await self.ledger.touch(media_id)
        await self.ledger.plan(media_id)

    async def path(self, media_id: int) -> str:
        return str(await self.pool.fetchval("SELECT path FROM media WHERE id = $1", media_id))

    async def delete(self, *media: int) -> None:
        """The platform deletes rows, and says so."""
        await self.pool.execute("DELETE FROM media WHERE id = ANY($1::bigint[])", media)
        for media_id in media:
            await self.ledger.plan(media_id)

    async def force(self, media_id: int) -> None:
        await self.ledger.plan(media_id, Force(str(uuid4()), (ASKS,)))

    async def put(self, media_id: int, key: str, value: Any) -> None:
        """Write a value as a person does."""
        await self.pool.execute(
            "INSERT INTO media_meta VALUES ($1, $2, $3) ON CONFLICT (media_id, key) DO UPDATE SET value = $3",
            media_id, key, value,
        )  # fmt: skip

    async def inspect(self) -> None:
        while await self.inspector.inspect_batch():
            pass

    async def seek(self) -> None:
        """What the seeker's loop does until there is nothing to do."""
        while await self.duplicates.plan_called() or await self.duplicates.seek_batch():
            pass

    async def work(self, most: int | None = None) -> int:
        """Run what is due, up to `most` media; how many were run."""
        done = 0
        async with self.pool.acquire() as connection:
            await leases.register_slots(connection, [HOST])
        while done != most:
            async with self.pool.acquire() as connection:
                claim = await leases.claim(connection, uuid4(), timedelta(seconds=60), [HOST])
            if claim is None:
                break
            await self.runner.run(Work(claim))
            await self.pool.execute("UPDATE bildwerk.slots SET owner = NULL, until = NULL")
            done += 1
        return done

    async def settle(self) -> int:
        """Inspect, seek and run until nothing is left to do; how many media were run."""
        ran = 0
        while True:
            await self.inspect()
            await self.seek()
            ran += (now := await self.work())
            if not now and not await self.pool.fetchval("SELECT EXISTS (SELECT FROM bildwerk.neighbours)"):
                return ran

    async def sweep(self) -> None:
        """Plan everybody once more."""
        sweep = Sweep(self.pool, self.planner, lambda _planned: None, pause=0.0)
        while await sweep.sweep_slice():
            pass

    async def pass_time(self) -> None:
        """Let all waits be over."""
        await self.pool.execute("UPDATE bildwerk.media SET run_at = now(), seek_at = now() + (seek_at - seek_at)")
        await self.pool.execute("UPDATE bildwerk.jobs SET run_at = now() WHERE run_at IS NOT NULL")

    async def report(self, media_id: int) -> dict[str, Any] | None:
        """What is written, without the run that wrote it."""
        written = (await self.ledger.meta(media_id)).get(REPORT)
        return None if written is None else {key: value for key, value in written.items() if key != "run"}

    async def similar(self, media_id: int) -> list[int]:
        """Whom the report names."""
        report = await self.report(media_id)
        return [] if report is None else [each["media_id"] for each in report["similar"]]

    async def owed(self, media_id: int) -> dict[str, Any]:
        """What the report would be, by the graph."""
        async with self.pool.acquire() as connection:
            (snapshot,) = await self.planner.load(connection, [media_id])
        return write_report(media_id, snapshot.facts.likeness)

    async def pairs(self) -> list[tuple[int, int]]:
        """All that stand, the older first."""
        rows = await self.pool.fetch(
            "SELECT media_id, neighbour FROM bildwerk.likenesses WHERE media_id < neighbour ORDER BY 1, 2"
        )
        return [(row["media_id"], row["neighbour"]) for row in rows]

    async def state(self, media_id: int) -> tuple[str, str]:
        """Status and reason of the job."""
        row = await self.ledger.verdict(media_id, ASKS)
        return row["status"], row["reason"]

    async def living(self) -> list[int]:
        rows = await self.pool.fetch("SELECT id FROM media ORDER BY id")
        return [row["id"] for row in rows]

    async def fingerprint(self) -> dict[str, Any]:
        """All that must stay as it is while nothing happens."""
        queries = {
            "jobs": "SELECT xmin::text, * FROM bildwerk.jobs ORDER BY media_id, job_type",
            "media": "SELECT id, plan_no, sought, seek_at, left_out FROM bildwerk.media ORDER BY id",
            "meta": "SELECT xmin::text, * FROM media_meta ORDER BY media_id, key",
            "pairs": "SELECT xmin::text, * FROM bildwerk.duplicate_pairs ORDER BY one, other",
            "runs": "SELECT max(id) FROM bildwerk.runs",
            "outbox": "SELECT last_value FROM bildwerk.outbox_id_seq",
            "neighbours": "SELECT * FROM bildwerk.neighbours",
        }
        return {name: [tuple(row) for row in await self.pool.fetch(query)] for name, query in queries.items()}

    async def check_reports(self, apart: Collection[int] = ()) -> None:
        """Assert that everybody's report but those `apart` is what the graph says."""
        wrong: Mapping[int, Any] = {
            media_id: (await self.state(media_id), report, owed)
            for media_id in await self.living()
            if media_id not in apart
            and (report := await self.report(media_id)) != (owed := await self.owed(media_id))
            and (report is not None or owed["similar"])
        }
        assert not wrong, wrong

    async def check_quiet(self) -> None:
        """Assert that nothing comes of looking once more."""
        before = await self.fingerprint()
        await self.sweep()
        await self.settle()
        after = await self.fingerprint()
        changed = {
            name: ([row for row in was if row not in after[name]], [row for row in after[name] if row not in was])
            for name, was in before.items()
            if after[name] != was
        }
        assert not changed, changed
