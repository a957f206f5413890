"""Where a cell is tried: a runner on a real PostgreSQL and a simulated Ollama, and people who come with pictures."""

import io
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
from PIL import Image, ImageColor, ImageDraw

from db.pool import Pool
from handlers.runner.finishing import Finisher
from handlers.runner.planning import Force, Planner, PlanRequest
from handlers.runner.writing import EffectWriter
from tests.spec.album import save
from tests.workshop import Workshop

HELD: dict[str, Any] = {"locks": ["tags", "prompt"]}
"""Values that keep the stages away of which a cell says nothing."""
META = "SELECT key, value FROM media_meta WHERE media_id = $1"
READY = "SELECT count(*) FROM bildwerk.media WHERE owner IS NULL AND due <> '{}' AND run_at <= now()"
PLATFORM = ("media", "media_meta", "media_tags", "media_lifecycle_events", "prompt_history", "tags")


@dataclass(frozen=True)
class Request:
    """What the model was asked, as it came over the wire."""

    job_type: str
    media_id: int
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """All words of the request."""
        return "\n".join(message["content"] for message in self.body["messages"])

    @property
    def pictures(self) -> list[bytes]:
        """The bytes of every picture that came along as base64."""
        encoded = [image for message in self.body["messages"] for image in message.get("images", ())]
        return [b64decode(image, validate=True) for image in encoded]

    @property
    def picture(self) -> bytes:
        """The bytes of the one picture that came along."""
        (picture,) = self.pictures
        return picture


@dataclass
class Desk:
    """A library to put pictures into, and what becomes of them."""

    workshop: Workshop
    database: str
    pictures: int = 0

    @property
    def pool(self) -> Pool:
        """The database."""
        return self.workshop.ledger.pool

    async def add(
        self, colour: str = "teal", columns: dict[str, Any] | None = None, *, flawless: bool = False, **meta: Any
    ) -> int:
        """Upload a picture with columns of `media` and values of `media_meta`.

        It is of one colour, 64 x 48 pixels, which is a defect by itself, or a larger one in which none is measured.
        """
        picture = draw_flawless(colour) if flawless else Image.new("RGB", (64, 48), colour)
        return await self.upload(save(picture), columns, **meta)

    async def upload(self, file: bytes, columns: dict[str, Any] | None = None, **meta: Any) -> int:
        """Upload a file with columns of `media` and values of `media_meta`."""
        self.pictures += 1
        given = {"path": f"{self.pictures}.png", **(columns or {})}
        (self.workshop.folder / given["path"]).write_bytes(file)
        places = ", ".join(f"${at}" for at in range(1, len(given) + 1))
        media_id = int(
            await self.pool.fetchval(
                f"INSERT INTO media ({', '.join(given)}) VALUES ({places}) RETURNING id",  # noqa: S608 - our own words
                *given.values(),
            )
        )
        for key, value in meta.items():
            await self.put(media_id, key, value)
        await self.plan(media_id)
        return media_id

    async def put(self, media_id: int, key: str, value: Any) -> None:
        """Write a value as a person or the platform does."""
        await self.pool.execute(
            "INSERT INTO media_meta VALUES ($1, $2, $3) ON CONFLICT (media_id, key) DO UPDATE SET value = $3",
            media_id, key, value,
        )  # fmt: skip

    async def tag(self, media_id: int, *names: str) -> None:
        """Tag a medium, the first name the surest."""
        for place, name in enumerate(names):
            await self.pool.execute(
                "WITH tag AS (INSERT INTO tags (name) VALUES ($2) ON CONFLICT (name) DO UPDATE SET name = $2"
                " RETURNING id) INSERT INTO media_tags (media_id, tag_id, confidence) SELECT $1, id, $3 FROM tag",
                media_id, name, 1 / (1 + place),
            )  # fmt: skip

    async def set_column(self, media_id: int, name: str, value: Any) -> None:
        """Write a column of `media` as a person or the platform does."""
        await self.pool.execute(f"UPDATE media SET {name} = $2 WHERE id = $1", media_id, value)  # noqa: S608

    async def plan(
        self, media_id: int, *, force: str = "", job_types: tuple[str, ...] = (), batch: str | None = None
    ) -> None:
        """Name a medium in an event; `force` is the id of a request to do these jobs again (none named: all)."""
        request = PlanRequest(media_id, Force(force, job_types) if force else None, score_batch=batch)
        async with self.pool.acquire() as connection, connection.transaction():
            await self.workshop.ledger.planner.plan_media(connection, [request])

    async def work(self) -> None:
        """Run whatever is due, until nothing is; a host that is away is looked at before it is asked again."""
        fleet = self.workshop.fleet
        await self.workshop.inspect()
        while await self.pool.fetchval(READY):
            if not fleet.available():
                await fleet.look()
            await self.workshop.runner.run(await self.workshop.claim())
            await self.workshop.inspect()
            await self.pool.execute("UPDATE bildwerk.slots SET owner = NULL, until = NULL")

    async def pass_time(self) -> None:
        """Let all waits be over: of jobs, and of slots whose server was given up."""
        await self.pool.execute("UPDATE bildwerk.media SET run_at = now()")
        await self.pool.execute("UPDATE bildwerk.jobs SET run_at = NULL")
        await self.pool.execute("UPDATE bildwerk.slots SET owner = NULL, until = NULL, busy_until = NULL")

    async def meta(self, media_id: int) -> dict[str, Any]:
        """The medium's values by key."""
        return {row["key"]: row["value"] for row in await self.pool.fetch(META, media_id)}

    async def ours(self, media_id: int) -> dict[str, Any]:
        """The values that we may write."""
        return {key: value for key, value in (await self.meta(media_id)).items() if key.startswith("ollama.")}

    async def quality(self, media_id: int) -> tuple[str | None, float | None]:
        """`media.quality_status` and `media.quality_score`, the latter as exact as a result has it."""
        row = await self.pool.fetchrow("SELECT quality_status, quality_score FROM media WHERE id = $1", media_id)
        return row["quality_status"], row["quality_score"] and round(row["quality_score"], 3)

    async def events(self, media_id: int) -> list[tuple[str, dict[str, Any]]]:
        """Type and payload of the medium's lifecycle events, in order."""
        rows = await self.pool.fetch(
            "SELECT type, payload FROM media_lifecycle_events WHERE media_id = $1 ORDER BY id", media_id
        )
        return [(row["type"], row["payload"]) for row in rows]

    async def answer(self, media_id: int, job_type: str, answer: Mapping[str, Any]) -> None:
        """Let the model answer this to the next question of this kind about this medium."""
        match = {"media": str(media_id), "job": job_type}
        await self.workshop.fail("say", match=match, next=1, text=json.dumps(answer))

    async def said(self, job_type: str) -> dict[str, Any]:
        """What the model answered to its last question of this kind."""
        raw = await self.pool.fetchval(
            "SELECT raw_answer FROM bildwerk.runs WHERE job_type = $1 AND outcome IS NOT NULL ORDER BY id DESC",
            job_type,
        )
        answer: dict[str, Any] = json.loads(raw)
        return answer

    async def verdict(self, media_id: int, job_type: str) -> tuple[str, str]:
        """Status and reason of one job."""
        row = await self.workshop.ledger.verdict(media_id, job_type)
        return row["status"], row["reason"]

    async def calls(self, media_id: int, job_type: str) -> int:
        """How often the model was asked for this."""
        calls = await self.workshop.calls()
        return sum(call["media"] == str(media_id) and call["job"] == job_type for call in calls)

    async def platform(self, *, but: tuple[str, ...] = ()) -> dict[str, Any]:
        """Everything in the platform's tables, `but` for some of them."""
        return {
            table: [dict(row) for row in await self.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")]  # noqa: S608
            for table in PLATFORM
            if table not in but
        }

    def ask_with(self, **options: Any) -> None:
        """From here on the model is asked with other options."""
        ollama = self.workshop.fleet.ollama
        ollama.options = replace(ollama.options, **options)

    def settle_with(self, finisher: Finisher) -> None:
        """From here on jobs are settled by this one."""
        self.workshop.runner = replace(self.workshop.runner, finisher=finisher)

    def write_only(self, *writes: str) -> None:
        """From here on no other optional writes than these are on."""
        self.settle_with(replace(self.workshop.runner.finisher, writer=EffectWriter(frozenset(writes))))

    def plan_with(self, planner: Planner) -> None:
        """From here on media are planned by this one."""
        self.workshop.ledger.planner = self.workshop.inspector.planner = planner
        self.settle_with(replace(self.workshop.runner.finisher, planner=planner))

    @contextmanager
    def overhear(self) -> Iterator[list[Request]]:
        """Keep what the model is asked meanwhile."""
        heard: list[Request] = []

        async def listen(request: httpx.Request) -> None:
            if "x-bildwerk-job" in request.headers:
                job_type, media_id = request.headers["x-bildwerk-job"], int(request.headers["x-bildwerk-media"])
                heard.append(Request(job_type, media_id, json.loads(request.content)))

        clients = self.workshop.fleet.ollama._clients.values()
        for client in clients:
            client.event_hooks = {"request": [listen]}
        yield heard
        for client in clients:
            client.event_hooks = {}


def draw_flawless(colour: str) -> Image.Image:
    """A picture of 480 x 360 pixels in which no defect is measured."""
    picture = Image.new("RGB", (480, 360), colour)
    pen = ImageDraw.Draw(picture)
    pen.polygon([(60, 300), (200, 60), (420, 250)], fill=(225, 225, 225))
    pen.ellipse((30, 30, 150, 150), fill=(25, 25, 25))
    return picture


def is_rendition(data: bytes, colour: str) -> bool:
    """Whether these bytes are a JPEG of that one colour."""
    with Image.open(io.BytesIO(data)) as opened:
        seen = opened.convert("RGB").resize((1, 1)).tobytes()
        return opened.format == "JPEG" and all(
            abs(here - there) < 10 for here, there in zip(seen, ImageColor.getrgb(colour), strict=True)
        )
