"""Beside a platform: whole chains over foreign tables, as two roles with no more than they need.

Each example of docs/platforms/ is made in an empty database; then `bildwerk migrate` and `bildwerk serve` come.
"""

import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import orjson
import pytest

from bildwerk.sandbox.addresses import Stack
from contracts.duplicates import ASKS
from contracts.facts import PROMPTS, TAGS
from db.grants import list_missing, list_needed
from db.migrate import migrate
from handlers.registry import load_stages
from handlers.stages.duplicate_assist import REPORT
from tests.acceptance.conftest import QUICK, FreshDatabase
from tests.acceptance.pictures import fill
from tests.acceptance.world import World, make_world
from tests.brokers import Broker
from tests.platforms import Everything, Row, file, mapping, schema, take

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = tuple(stage.job_type for stage in load_stages())
ALWAYS = {key for stage in load_stages() for key in stage.writes} - {REPORT}
NOTHING: Mapping[str, frozenset[str]] = {}
MIGRATOR, SERVICE = "bildwerk_migrator", "bildwerk_service"
SETTINGS = {"job_types": ",".join(ALL), "lease_seconds": 5, "decoder_seconds": 5, "sweep_seconds": 5}


@dataclass
class Beside:
    """A platform, and bildwerk beside it; `admin` is whom the platform's tables belong to."""

    name: str
    admin: asyncpg.Connection
    world: World
    writes: Sequence[str]
    media: list[int] = field(default_factory=list)

    async def add(self, insert: str) -> list[int]:
        """Five pictures, the last a copy of the first: files, and rows by a statement that takes their paths."""
        paths = fill(self.world.root, 4)
        shutil.copy(self.world.root / paths[0], self.world.root / "copy.jpg")
        self.media = [row[0] for row in await self.admin.fetch(insert, [*paths, "copy.jpg"])]
        return self.media

    async def run(self, **settings: object) -> tuple[Everything, Everything]:
        """Take them through all eight job types: what is there before and after."""
        before = await take(self.admin)
        writes = ",".join(self.writes) or "none"
        service = await self.world.serve(platform=file(self.name), writes=writes, **SETTINGS, **settings)
        await service.started()
        await self.world.wire.created(self.media)
        await self.world.settled(self.media, seconds=120, jobs=len(ALL))
        return before, await take(self.admin)

    async def verdicts(self) -> dict[str, set[tuple[str, str]]]:
        """What became of each job type: status and reason, of all media."""
        found: dict[str, set[tuple[str, str]]] = {}
        for (_, job_type), job in (await self.world.jobs(self.media)).items():
            found.setdefault(job_type, set()).add((job["status"], job["reason"]))
        return found


def login(url: str, role: str) -> str:
    """The same database, as this role."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}:secret@{parts.netloc.rpartition('@')[2]}"))


@asynccontextmanager
async def two_roles(server: str) -> AsyncIterator[None]:
    """The roles of docs/platforms.md, with a password each."""
    admin = await asyncpg.connect(server)
    try:
        for role in (MIGRATOR, SERVICE):
            await admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
        yield
    finally:
        await admin.execute(f"DROP ROLE IF EXISTS {MIGRATOR}, {SERVICE}")
        await admin.close()


@pytest.fixture
def beside(stack: Stack, tmp_path_factory: pytest.TempPathFactory, unique: str) -> Any:
    """Return a function `(name, *writes)` that makes a platform and bildwerk beside it."""

    @asynccontextmanager
    async def make(name: str, *writes: str) -> AsyncIterator[Beside]:
        async with AsyncExitStack() as exits:
            await exits.enter_async_context(two_roles(stack.database_url))
            url = await exits.enter_async_context(FreshDatabase(stack.database_url, "template1"))
            admin = await asyncpg.connect(url)
            exits.push_async_callback(admin.close)
            await admin.execute(schema(name))
            database = await admin.fetchval("SELECT current_database()")
            await admin.execute(
                f"REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT CREATE ON DATABASE {database} TO {MIGRATOR}"
            )
            done = await migrate(login(url, MIGRATOR), mapping(name), service=SERVICE)
            assert not done.owns_platform
            await give(admin, name, writes, login(url, SERVICE))
            broker = Broker(stack.kafka_bootstrap_servers)
            folder = tmp_path_factory.mktemp("beside")
            world = await exits.enter_async_context(make_world(broker, url, folder, unique, 4, QUICK))
            world.settings["DATABASE_URL"] = login(url, SERVICE)
            yield Beside(name, admin, world, writes)

    return make


async def give(admin: asyncpg.Connection, name: str, writes: Sequence[str], service: str) -> None:
    """Give the service what is needed, and the sequences that it then says it lacks; no more."""
    needed = list_needed([TAGS, PROMPTS], writes, mapping(name))
    for grant in needed:
        await admin.execute(f"GRANT {grant} TO {SERVICE}")
    connection = await asyncpg.connect(service)
    try:
        for grant in await list_missing(connection, needed):
            assert grant.kind == "SEQUENCE"
            await admin.execute(f"GRANT {grant} TO {SERVICE}")
        assert await list_missing(connection, needed) == ()
    finally:
        await connection.close()


def added(
    before: Everything, after: Everything, changed: Mapping[str, frozenset[str]] = NOTHING
) -> dict[str, list[Row]]:
    """The rows that are new, by table; everything that was there is there as it was, the catalogue too.

    But for the columns `changed`, by table.
    """
    assert after.catalogue == before.catalogue
    assert after.rows.keys() == before.rows.keys()
    new: dict[str, list[Row]] = {}
    for table, rows in before.rows.items():
        but = changed.get(table, frozenset())
        known, found = _without(rows, but), _without(after.rows[table], but)
        assert [row for row in known if row not in found] == [], table
        new[table] = [row for row in found if row not in known]
    return {table: rows for table, rows in new.items() if rows}


def _without(rows: Sequence[Row], columns: frozenset[str]) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in columns} for row in rows]


async def test_a_minimal_schema_gets_our_values_and_nothing_else(beside: Any) -> None:
    async with beside("minimal") as platform:
        media = await platform.add("INSERT INTO gallery.pictures (file) SELECT * FROM unnest($1::text[]) RETURNING id")
        await platform.admin.execute("INSERT INTO gallery.notes VALUES ($1, 'mine', '{}')", media[0])
        before, after = await platform.run()
        new = added(before, after)
        verdicts = await platform.verdicts()

    assert set(new) == {"gallery.notes"}
    values = {(row["picture"], row["name"]): row["content"] for row in new["gallery.notes"]}
    assert values.keys() >= {(media_id, key) for media_id in media for key in ALWAYS}
    assert all(key.startswith("ollama.") for _, key in values)
    assert isinstance(values[media[0], "ollama.caption"], str)
    assert verdicts.pop(ASKS) == {("done", ""), ("skipped", "no_candidates")}
    assert set().union(*verdicts.values()) == {("done", "")}


async def test_a_photo_manager_keeps_its_columns_and_gets_labels(beside: Any) -> None:
    async with beside("photo-manager", "tags", "provenance") as platform:
        admin, world = platform.admin, platform.world
        media = await platform.add(
            'INSERT INTO photos."Assets" ("relativePath", rating) SELECT p, 3 FROM unnest($1::text[]) AS p'
            ' RETURNING "assetId"'
        )
        await admin.execute(
            """INSERT INTO photos."AssetFields" ("assetId", field, content, "changedBy") VALUES
            ($1, 'note', 'What somebody wrote, and no JSON', 'ingrid'),
            ($2, 'protected', '["title"]', 'ingrid'), ($2, 'title', 'is none of ours here', 'ingrid')""",
            media[0], media[1],
        )  # fmt: skip
        await admin.execute("""INSERT INTO photos."Labels" (label, colour) VALUES ('Kodak', '#ffcc00')""")
        await admin.execute("""INSERT INTO photos."AssetLabels" VALUES ($1, 1, true)""", media[0])
        before, after = await platform.run()
        new = added(before, after)
        ids = {
            m: set(await world.pool.fetch("SELECT field FROM bildwerk.written WHERE media_id = $1", m)) for m in media
        }
        jobs = await world.jobs(media)
        seen = await world.pool.fetchval("SELECT count(*) FROM bildwerk.tag_links WHERE run_id IS NULL")
        given = await world.pool.fetchval("SELECT count(*) FROM bildwerk.tag_links WHERE run_id IS NOT NULL")

    assert set(new) == {"photos.AssetFields", "photos.Labels", "photos.AssetLabels"}
    values = {(row["assetId"], row["field"]): row["content"] for row in new["photos.AssetFields"]}
    assert all(key.startswith("ollama.") for _, key in values)
    assert all(row["changedBy"] == "somebody" for row in new["photos.AssetFields"])
    assert all(row["colour"] == "#888888" for row in new["photos.Labels"])
    assert (seen, given) == (1, len(new["photos.AssetLabels"]))
    assert {row["pinned"] for row in new["photos.AssetLabels"]} == {False}
    assert {row["assetId"] for row in new["photos.AssetLabels"]} == set(media)
    assert (media[0], "ollama.caption") not in values, "somebody's note is the caption"
    assert orjson.loads(values[media[0], "ollama.description"])
    assert (jobs[media[1], "ollama_title"]["status"], jobs[media[1], "ollama_title"]["reason"]) == (
        "skipped",
        "kept_for_person",
    )
    assert isinstance(orjson.loads(values[media[2], "ollama.title"]), str)
    assert orjson.loads(values[media[2], "ollama.quality"])["grade"]
    assert all(ids.values())
    assert {job["status"] for job in jobs.values()} == {"done", "skipped"}


async def test_a_gallery_of_generated_pictures_gets_everything_in_its_own_words(beside: Any) -> None:
    writes = ("quality", "events", "prompts", "provenance")
    async with beside("generator-gallery", *writes) as platform:
        admin = platform.admin
        media = await platform.add(
            "INSERT INTO studio.images (file_name, likes) SELECT p, 7 FROM unnest($1::text[]) AS p RETURNING image_id"
        )
        await admin.execute("UPDATE studio.images SET visibility = 'queued' WHERE image_id = ANY($1)", media[:3])
        await admin.execute("UPDATE studio.images SET review = 'good' WHERE image_id = $1", media[1])
        for media_id in media:
            await admin.execute("INSERT INTO studio.image_data VALUES ($1, 'moderation/nsfw', 'false')", media_id)
        long = '"' + " ".join(f"a word {number}" for number in range(20)) + '"'
        await admin.execute("INSERT INTO studio.image_data VALUES ($1, 'positive_prompt', $2)", media[2], long)
        before, after = await platform.run(policy_when="staging")
        new = added(before, after, {"studio.images": frozenset({"review", "review_score"})})
        jobs = await platform.world.jobs(media)

    assert set(new) == {"studio.image_data", "studio.generations", "studio.audit"}
    values = {(row["image_id"], row["name"]): row["data"] for row in new["studio.image_data"]}
    assert all(key.startswith("ollama.") for _, key in values)
    assert all(values[media_id, "ollama.model"] for media_id in media)
    images = {row["image_id"]: row for row in after.rows["studio.images"]}
    judged = [m for m in media if m != media[1]]
    assert {images[m]["review"] for m in judged} <= {"good", "look", "broken"}
    assert all(images[m]["review_score"] is not None for m in judged)
    assert (images[media[1]]["review"], images[media[1]]["review_score"]) == ("good", None)
    assert (jobs[media[1], "ollama_quality"]["status"], jobs[media[1], "ollama_quality"]["reason"]) == (
        "skipped",
        "judged",
    )
    assert {row["origin"] for row in new["studio.generations"]} <= {"ollama_prompt_recon"}
    told = sorted((row["image_id"], row["what"]) for row in new["studio.audit"])
    assert told == sorted([*((m, "quality_eval") for m in judged), *((m, "policy_eval") for m in media[:3])])
    assert all(orjson.loads(row["details"])["run"] for row in new["studio.audit"])
    flags = values[media[0], "ollama.policy_flags"]
    assert "nsfw" not in orjson.dumps(flags.get("blocked_reason")).decode()
    assert {jobs[m, "ollama_policy_flags"]["reason"] for m in media[3:]} == {"not_staged"}
