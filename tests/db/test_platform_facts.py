"""What is read of foreign tables, and that people win there as they do in ours."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Self

import asyncpg
import pytest
import pytest_asyncio

from bildwerk.sandbox.addresses import Stack
from contracts.effects import PutMeta
from contracts.facts import PROMPTS, QUALITY_STATUS, TAGS, MediaFacts, PastPrompt, Written
from contracts.tags import WeightedTag
from db import tags
from db.effects import put_meta, set_column
from db.facts import load_snapshots
from db.migrate import migrate
from db.pool import Connection, Database, connect
from db.vocabulary import VocabularyCache
from tests.acceptance.conftest import FreshDatabase
from tests.platforms import mapping, schema

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEYS = ("caption", "description", "locks", "negative_prompt", "prompt", "title", "ollama.caption", TAGS, PROMPTS)
OURS = MediaFacts(1, content_hash="c")


class Beside:
    """A platform's database, seen by somebody of the platform and by us."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self.theirs: Connection = None
        self.ours: Connection = None

    async def __aenter__(self) -> Self:
        self.theirs = await asyncpg.connect(self.url)
        await self.theirs.execute(schema(self.name))
        await migrate(self.url, mapping(self.name))
        self.ours = await connect(Database(self.url, platform=mapping(self.name)))
        await self.ours.execute("INSERT INTO bildwerk.media (id) VALUES (1)")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.theirs.close()
        await self.ours.close()

    async def facts(self) -> MediaFacts:
        """What is known of the one medium."""
        (snapshot,) = await load_snapshots(self.ours, [1], KEYS, "en", VocabularyCache())
        return snapshot.facts


LARGEST = sys.float_info.max


@pytest_asyncio.fixture(loop_scope="session")
async def gallery(stack: Stack) -> AsyncIterator[Beside]:
    """Return a gallery of one generated picture."""
    async with FreshDatabase(stack.database_url, "template1") as url, Beside(url, "generator-gallery") as beside:
        await beside.theirs.execute(
            "INSERT INTO studio.images (file_name, review, review_score, visibility)"
            " VALUES ('a', 'look', 0.25, 'queued')"
        )
        yield beside


@pytest_asyncio.fixture(loop_scope="session")
async def photos(stack: Stack) -> AsyncIterator[Beside]:
    """Return a photo manager with one picture."""
    async with FreshDatabase(stack.database_url, "template1") as url, Beside(url, "photo-manager") as beside:
        await beside.theirs.execute("""INSERT INTO photos."Assets" ("relativePath") VALUES ('a')""")
        yield beside


async def note(beside: Beside, field: str, content: str) -> None:
    """Write a field of the photo manager's."""
    await beside.theirs.execute("""INSERT INTO photos."AssetFields" VALUES (1, $1, $2)""", field, content)


async def test_words_keys_and_prefixes_are_read_as_ours(gallery: Beside) -> None:
    for name, data in {
        "positive_prompt": '"a boat"', "prompt": '"none of ours"', "hands_off": '["title"]', "locks": '["*"]',
        "moderation/nsfw": "false", "moderation/a.b": "1", "scan.nsfw": "true", "title": '"T"',
    }.items():  # fmt: skip
        await gallery.theirs.execute("INSERT INTO studio.image_data VALUES (1, $1, $2)", name, data)
    await gallery.theirs.execute(
        "INSERT INTO studio.generations (image_id, positive, negative, origin, at) VALUES (1, 'p', 'n', 'web', now())"
    )

    facts = await gallery.facts()

    assert facts.meta == {
        "prompt": "a boat", "locks": ["title"], "scan.nsfw": False, "scan.a.b": 1, "title": "T",
    }  # fmt: skip
    assert (facts.quality_status, facts.quality_score, facts.publish_state) == ("review", 0.25, "staging")
    assert facts.prompts == (PastPrompt("p", "n"),)
    assert facts.is_locked("ollama.title")


@pytest.mark.parametrize(("review", "status"), [("pending", "unknown"), ("good", "ok"), ("broken", "defect")])
async def test_each_word_has_its_own(gallery: Beside, review: str, status: str) -> None:
    await gallery.theirs.execute("UPDATE studio.images SET review = $1", review)

    assert (await gallery.facts()).quality_status == status


async def test_a_word_of_ours_that_is_taken_is_none_of_ours(gallery: Beside) -> None:
    """`ok` may mean anything where `good` is our ok."""
    await gallery.theirs.execute("ALTER TABLE studio.images DROP CONSTRAINT images_review_check")
    for word, status in {"ok": "=ok", "superb": "superb"}.items():
        await gallery.theirs.execute("UPDATE studio.images SET review = $1", word)
        assert (await gallery.facts()).quality_status == status


async def test_a_status_is_written_in_their_word_and_only_over_unknown(gallery: Beside) -> None:
    async def write(word: str) -> str | None:
        facts = await gallery.facts()
        return await set_column(gallery.ours, replace(facts, inspected_mark=facts.mark), QUALITY_STATUS, word, 1)

    async def review() -> Any:
        return await gallery.theirs.fetchval("SELECT review FROM studio.images")

    assert await write("ok") is None, "somebody had a look"
    await gallery.theirs.execute("UPDATE studio.images SET review = 'pending'")
    assert await write("defect")
    assert await review() == "broken"
    assert await write("ok")
    assert await review() == "good", "it was ours"
    await gallery.theirs.execute("UPDATE studio.images SET review = 'look'")
    assert await write("defect") is None
    assert await review() == "look"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("A boat, and no JSON", "A boat, and no JSON"),
        ('"A boat"', "A boat"),
        ("17", "17"),
        ("7e9512", "7e9512"),
        ("null", "null"),
        ("[" * 100_000, "[" * 100_000),
        ("{broken", "{broken"),
        ('"\\u0000"', '"\\u0000"'),
        ("", ""),
        ('{"a": [1, null]}', {"a": [1, None]}),
    ],
)
async def test_text_is_read_as_json_where_it_is_some(photos: Beside, content: str, value: object) -> None:
    await note(photos, "note", content)

    assert (await photos.facts()).meta == {"caption": value}


@pytest.mark.parametrize(
    ("content", "value"), [("0.93", 0.93), ("false", False), ("7e9512", LARGEST), ("[7e9512]", [LARGEST])]
)
async def test_a_flag_is_a_number_or_a_word(photos: Beside, content: str, value: object) -> None:
    await note(photos, "scan.nsfw", content)

    assert (await photos.facts()).meta == {"scan.nsfw": value}


@pytest.mark.parametrize("value", ["A title", 'with "quotes" and \\', {"a": [1.5, None, "ü"]}, [], ""])
async def test_what_is_stored_as_text_is_ours_again(photos: Beside, value: Any) -> None:
    assert await put_meta(photos.ours, OURS, PutMeta("ollama.caption", value), 1)
    stored = await photos.theirs.fetchval("""SELECT content::jsonb::text FROM photos."AssetFields" """)

    facts = await photos.facts()
    assert facts.meta == {"ollama.caption": value}
    assert stored
    facts = replace(OURS, written={"ollama.caption": Written(value, "c")})
    assert await put_meta(photos.ours, facts, PutMeta("ollama.caption", "another"), 2)
    assert (await photos.facts()).meta == {"ollama.caption": "another"}


@pytest.mark.parametrize("locks", ['["caption"]', '["*"]', "caption", '"ollama.caption"'])
async def test_a_lock_under_another_key_holds(photos: Beside, locks: str) -> None:
    await note(photos, "protected", locks)
    await note(photos, "locks", '["nothing"]')

    assert not await put_meta(photos.ours, OURS, PutMeta("ollama.caption", "ours"), 1)


@pytest.mark.parametrize("edit", ["SET content = '\"theirs\"'", "DELETE"])
async def test_a_value_that_is_edited_meanwhile_stays(photos: Beside, edit: str) -> None:
    """The row itself is tested once more when its lock is free (P17)."""
    await put_meta(photos.ours, OURS, PutMeta("ollama.caption", "first"), 1)
    statement = (
        """DELETE FROM photos."AssetFields" """ if edit == "DELETE" else f"""UPDATE photos."AssetFields" {edit}"""
    )
    facts = replace(OURS, written={"ollama.caption": Written("first", "c")})
    transaction = photos.theirs.transaction()
    await transaction.start()
    await photos.theirs.execute(statement)
    writing = asyncio.create_task(put_meta(photos.ours, facts, PutMeta("ollama.caption", "second"), 2))
    async with asyncio.timeout(10):
        while not await photos.theirs.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
    await transaction.commit()

    assert not await writing
    found = await photos.theirs.fetch("""SELECT content FROM photos."AssetFields" """)
    assert [row["content"] for row in found] == ([] if edit == "DELETE" else ['"theirs"'])


async def test_tags_without_figures_are_ours_until_they_are_pinned(photos: Beside) -> None:
    async def put(*names: str) -> set[str]:
        await tags.put(photos.ours, OURS, [WeightedTag(name, 0.5, 0.5) for name in names], 1)
        rows = await photos.theirs.fetch(
            """SELECT label FROM photos."Labels" AS l JOIN photos."AssetLabels" AS a ON a."labelId" = l.id"""
        )
        return {row["label"] for row in rows}

    await photos.theirs.execute("""INSERT INTO photos."Labels" (label) VALUES ('holiday')""")
    await photos.theirs.execute("""INSERT INTO photos."AssetLabels" VALUES (1, 1)""")
    assert await put("boat", "lake") == {"holiday", "boat", "lake"}
    assert {tag.name for tag in (await photos.facts()).tags if tag.ours} == {"boat", "lake"}
    await photos.theirs.execute(
        """UPDATE photos."AssetLabels" SET pinned = true WHERE "labelId" =
        (SELECT id FROM photos."Labels" WHERE label = 'lake')"""
    )
    assert await put("sky") == {"holiday", "lake", "sky"}
