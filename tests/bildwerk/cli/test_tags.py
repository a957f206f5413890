"""`bildwerk tags` as a person calls it."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.bildwerk.cli.conftest import NOWHERE, ROOT, Bildwerk
from tests.ledger import Ledger
from tests.tagged import Tagged

Variables = dict[str, str]
FORMS = "singular and plural, or two spellings of a word"


@pytest.fixture
def tagged(ledger: Ledger) -> Tagged:
    return Tagged(ledger.pool)


@pytest.fixture
def library(database: str) -> Variables:
    """Return variables that point at the database, and at nothing else."""
    return {**NOWHERE, "DATABASE_URL": database}


async def test_suggestions_are_commands_and_change_nothing(
    bildwerk: Bildwerk, library: Variables, tagged: Tagged
) -> None:
    media = await tagged.media(3)
    for medium in media:
        await tagged.carry(medium, "sun set")
    for name in ("Sun-Set", "sunset", "trees", "tree", "it's", "scan:Tree", "scan:tree"):
        await tagged.carry(media[0], name)
    before = await tagged.every("media_tags")

    said = await bildwerk("tags", "suggest", **library)

    assert (said.status, said.lines) == (0, [])
    assert said.out.splitlines() == [
        "bildwerk tags merge Sun-Set 'sun set'  # sure: one name, written differently (1 media into 3)",
        "bildwerk tags merge sunset 'sun set'   # likely: one word or two (1 media into 3)",
        f"bildwerk tags merge {'tree trees':<17}  # likely: {FORMS} (1 media into 1)",
    ]
    assert await tagged.every("media_tags") == before
    said = await bildwerk("tags", "suggest", "--limit", 1, **library)
    assert (len(said.out.splitlines()), said.lines) == (1, ["2 more: --limit 3"])


async def test_nothing_looks_like_one(bildwerk: Bildwerk, library: Variables) -> None:
    said = await bildwerk("tags", "suggest", **library)
    assert (said.status, said.out, said.lines) == (0, "", ["no tags look like one"])
    said = await bildwerk("tags", "merges", **library)
    assert (said.status, said.out, said.lines) == (0, "", ["no tags were made one yet"])


async def test_a_merge_is_foreseen_made_listed_and_undone(
    bildwerk: Bildwerk, library: Variables, tagged: Tagged
) -> None:
    one, both, locked = await tagged.media(3)
    await tagged.carry(one, "Sun Set")
    await tagged.carry(both, "Sun Set")
    await tagged.carry(both, "dusk")
    await tagged.carry(locked, "Sun Set", locked=True)

    dry = await bildwerk("tags", "merge", "sun-set", "DUSK", "--dry-run", **library)
    assert await tagged.named(one) == ["Sun Set"]
    made = await bildwerk("tags", "merge", "sun-set", "DUSK", **library)
    assert await tagged.named(one) == ["dusk"]
    again = await bildwerk("tags", "merge", "sun-set", "DUSK", **library)
    listed = await bildwerk("tags", "merges", **library)
    aliases = await bildwerk("tags", "alias", **library)
    undone = await bildwerk("tags", "undo", 1, **library)
    assert await tagged.named(one) == ["Sun Set"]
    twice = await bildwerk("tags", "undo", 1, **library)
    after = await bildwerk("tags", "merges", **library)

    assert [said.status for said in (dry, made, again, listed, aliases, undone, twice)] == [0, 0, 0, 0, 0, 0, 1]
    assert dry.lines == ["Sun Set would be another name of dusk: 2 links moved or dropped, 1 link locked and left"]
    now = "Sun Set is another name of dusk now"
    assert made.lines == [f"{now}: 1 link moved, 1 dropped beside it, 1 locked and left (merge 1)"]
    assert again.lines == [f"{now}: 0 links moved, 1 locked and left (merge 1)"]
    assert listed.out.endswith("Sun Set -> dusk: 2 links\n")
    assert aliases.out == "Sun Set -> dusk (merge 1)\n"
    assert undone.lines == ["Sun Set is a tag of its own again: 1 link moved back, 1 there again"]
    assert twice.lines[0].startswith("bildwerk: merge 1 was undone on ")
    assert ": undone 20" in after.out


async def test_aliases(bildwerk: Bildwerk, library: Variables, tagged: Tagged) -> None:
    await tagged.carry(await tagged.medium(), "cat")

    added = await bildwerk("tags", "alias", "Moggy", "CAT", **library)
    listed = await bildwerk("tags", "alias", **library)
    removed = await bildwerk("tags", "alias", "moggy", "--remove", **library)
    empty = await bildwerk("tags", "alias", **library)

    assert [said.status for said in (added, listed, removed, empty)] == [0, 0, 0, 0]
    assert added.lines == ["Moggy is another name of cat now"]
    assert (listed.out, empty.out, empty.lines) == ("Moggy -> cat\n", "", ["no tag has another name"])
    assert removed.lines == ["Moggy is no other name of cat any more"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("merge", "nobody", "cat"), "there is no tag nobody"),
        (("merge", "nobody", "cat", "--dry-run"), "there is no tag nobody"),
        (("undo", "4"), "there is no merge 4: `bildwerk tags merges` lists them"),
        (("alias", "a b"), "of which tag is it another name? `bildwerk tags alias 'a b' TAG`"),
        (("alias", "--remove"), "name one alias to remove: `bildwerk tags alias A --remove`"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_line(
    bildwerk: Bildwerk, library: Variables, tagged: Tagged, arguments: tuple[str, ...], line: str
) -> None:
    await tagged.carry(await tagged.medium(), "cat")

    said = await bildwerk("tags", *arguments, **library)

    assert (said.status, said.lines) == (1, [f"bildwerk: {line}"])


async def test_where_tags_are_not_written_only_names_are_changed(
    bildwerk: Bildwerk, library: Variables, tagged: Tagged
) -> None:
    medium = await tagged.medium()
    await tagged.carry(medium, "kitty")
    await tagged.carry(medium, "cat")
    await tagged.pool.execute("UPDATE bildwerk.installation SET owns_platform = false")

    merged = await bildwerk("tags", "merge", "kitty", "cat", **library)
    undone = await bildwerk("tags", "undo", 1, **library)
    alias = await bildwerk("tags", "alias", "kitty", "cat", **library)

    assert merged.status == undone.status == 1
    assert merged.lines == undone.lines
    assert merged.lines[0].startswith("bildwerk: tags are not written here: BILDWERK_WRITES does not name tags.")
    assert (alias.status, alias.lines) == (0, ["kitty is another name of cat now"])
    assert await tagged.named(medium) == ["cat", "kitty"]
    named = await bildwerk("tags", "merge", "kitty", "cat", **library, BILDWERK_WRITES="tags")
    assert named.status == 0


async def test_without_a_database_it_says_so(bildwerk: Bildwerk) -> None:
    for arguments in (("suggest",), ("merge", "a", "b")):
        said = await bildwerk("tags", *arguments, **NOWHERE)
        assert said.status == 1
        assert "does not answer" in said.lines[0]


async def test_stopped_it_says_how_to_go_on_and_does(
    bildwerk: Bildwerk, library: Variables, tagged: Tagged, tmp_path: Path
) -> None:
    """Interrupted while it waits for a link that somebody holds."""
    media = await tagged.media(3)
    for medium in media:
        await tagged.carry(medium, "a b")
    async with tagged.pool.acquire() as person, person.transaction():
        await person.execute("SELECT FROM media_tags WHERE media_id = $1 FOR UPDATE", media[1])
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bildwerk", "tags", "merge", "a b", "c",
            cwd=tmp_path, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **library},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with tagged.pool.acquire() as watcher, asyncio.timeout(30):
            while not await watcher.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                assert process.returncode is None
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()

    assert process.returncode == 130
    assert err.decode().splitlines() == ["stopped; `bildwerk tags merge 'a b' c` goes on"]
    assert await tagged.named(media[0]) == ["a b"]
    said = await bildwerk("tags", "merge", "a b", "c", **library)
    assert said.lines == ["a b is another name of c now: 3 links moved (merge 1)"]
