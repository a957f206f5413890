"""`bildwerk score` as a process, without any service running but PostgreSQL."""

from pathlib import Path

import pytest

from tests.bildwerk.cli.conftest import NOWHERE, Bildwerk
from tests.ledger import Ledger

Variables = dict[str, str]


@pytest.fixture
async def library(database: str, pictures: Path, bildwerk: Bildwerk) -> Variables:
    """Return variables that point at a database with two media."""
    variables = {**NOWHERE, "DATABASE_URL": database, "BILDWERK_MEDIA_ROOT": str(pictures)}
    await bildwerk("ingest", "media", **variables)
    return variables


async def test_media_are_asked_for_and_explain_tells_of_it(
    bildwerk: Bildwerk, library: Variables, ledger: Ledger
) -> None:
    dry = await bildwerk("score", "--batch", "spring", "--path", "*.png", "--dry-run", **library)
    first = await bildwerk("score", "--batch", "spring", "--path", "*.png", **library)
    again = await bildwerk("score", "--batch", "spring", "--missing", **library)

    assert (dry.status, dry.lines) == (0, ["1 media, 1 of them would join"])
    assert (first.status, first.lines) == (0, ["1 media: 1 joined, 0 due, 1 waiting"])
    assert (again.status, again.lines) == (0, ["2 media: 1 joined, 0 due, 2 waiting"])
    assert await ledger.pool.fetchval("SELECT count(*) FROM bildwerk.score_batches") == 2
    told = await bildwerk("explain", "a.jpg", **library)
    assert "  in the score batch spring" in told.out.splitlines()


async def test_ids_are_taken(bildwerk: Bildwerk, library: Variables, ledger: Ledger) -> None:
    said = await bildwerk("score", "--batch", "two", "1", "99", "--again", **library)

    assert said.lines == ["1 media: 1 joined, 0 due, 1 waiting", "1 of the ids are no media"]
    assert await ledger.pool.fetchval("SELECT force_id FROM bildwerk.forces") == "score:two"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--batch", "x"), "nothing is named"),
        (("--batch", "", "1"), "the batch's name is empty"),
        (("--batch", "a\nb", "1"), "the batch's name is empty"),
        (("--batch", "x" * 65, "1"), "the batch's name is empty"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    bildwerk: Bildwerk, library: Variables, arguments: tuple[str, ...], line: str
) -> None:
    said = await bildwerk("score", *arguments, **library)

    assert said.status == 1
    assert line in said.lines[0]


async def test_where_nothing_is_scored_nobody_is_asked(bildwerk: Bildwerk, library: Variables) -> None:
    said = await bildwerk("score", "--batch", "x", "1", **library, BILDWERK_JOB_TYPES="ollama_caption")

    assert said.status == 1
    assert "does not name ollama_score_multi" in said.lines[0]


async def test_without_a_database_it_says_so(bildwerk: Bildwerk, tmp_path: Path) -> None:
    said = await bildwerk("score", "--batch", "x", "1", **NOWHERE, BILDWERK_MEDIA_ROOT=str(tmp_path))

    assert said.status == 1
    assert "PostgreSQL at 127.0.0.1:1/media" in said.lines[0]
