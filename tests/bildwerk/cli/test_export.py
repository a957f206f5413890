"""`bildwerk export` as a process."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bildwerk.cli.conftest import NOWHERE, ROOT, Bildwerk
from tests.bildwerk.export.exiftool import NEEDED, read_folder
from tests.ledger import Ledger

Variables = dict[str, str]
TITLE = 'Größe "1" & <2> \N{CAT FACE}'


@pytest.fixture
async def library(database: str, pictures: Path, ledger: Ledger) -> Variables:
    """Return variables that point at a database with two media; the first has a title and a score."""
    for path in ("a.jpg", "2024/b.png"):
        await ledger.add(path, path)
    for key, value in (("title", TITLE), ("ollama.scores", {"aesthetic": {"score": 0.75}})):
        await ledger.pool.execute("INSERT INTO media_meta VALUES (1, $1, $2)", key, value)
    return {**NOWHERE, "DATABASE_URL": database, "BILDWERK_MEDIA_ROOT": str(pictures)}


async def test_lines_and_tables(bildwerk: Bildwerk, library: Variables, tmp_path: Path) -> None:
    lines = await bildwerk("export", "--all", **library)
    table = await bildwerk("export", "--path", "*.jpg", "--format", "csv", "--output", "out.csv", **library)

    assert (lines.status, lines.lines) == (0, ["2 media exported"])
    told = {one["path"]: one for one in map(json.loads, lines.out.splitlines())}
    assert told["a.jpg"]["title"] == {"value": TITLE, "held_by": "person", "language": None}
    assert told["2024/b.png"]["title"] is None
    assert table.lines == ["1 media exported"]
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [(row["title"], row["aesthetic"]) for row in csv.DictReader(file)] == [(TITLE, "0.75")]


@NEEDED
async def test_sidecars_beside_the_pictures_and_again(bildwerk: Bildwerk, library: Variables, pictures: Path) -> None:
    first = await bildwerk("export", "--all", "--sidecars", "--rating", **library)
    again = await bildwerk("export", "--all", "--sidecars", "--rating", **library)
    told = read_folder(pictures)["a.jpg.xmp"]
    (pictures / "a.jpg.xmp").write_text("theirs")
    theirs = await bildwerk("export", "--all", "--sidecars", **library)

    assert (first.status, first.lines) == (
        0,
        ["2 media: 1 written, 0 renewed, 0 unchanged", "1 not needed: there is nothing to tell"],
    )
    assert again.lines[0] == "2 media: 0 written, 0 renewed, 1 unchanged"
    assert (told["XMP-dc:Title"], told["XMP-xmp:Rating"]) == (TITLE, 4)
    assert (theirs.status, theirs.lines[1:3]) == (
        0,
        ["1 left alone: another program's, or changed since we wrote them", "  a.jpg"],
    )
    assert (pictures / "a.jpg.xmp").read_text() == "theirs"


async def test_sidecars_in_a_tree_of_their_own(bildwerk: Bildwerk, library: Variables, tmp_path: Path) -> None:
    said = await bildwerk("export", "1", "2", "99", "--into", "tree", "--naming", "stem", **library)

    assert said.status == 0
    assert said.lines[-1] == "1 of the ids are no media that we know"
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.xmp")] == ["tree/a.xmp"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "nothing is named: give ids, --path, --changed-since, or --all for the whole library"),
        (("--all", "--separator", "::"), "the separator is one character, and neither a quote nor the end of a line"),
        (("--all", "--output", "no/such/file"), "no/such/file: No such file or directory"),
    ],
)
async def test_what_cannot_be_done_is_one_line(bildwerk: Bildwerk, arguments: tuple[str, ...], line: str) -> None:
    said = await bildwerk("export", *arguments, **NOWHERE)

    assert (said.status, said.lines, said.out) == (1, [f"bildwerk: {line}"], "")


async def test_a_root_that_is_away_is_one_line(bildwerk: Bildwerk, library: Variables, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = await bildwerk("export", "--all", "--sidecars", **library | {"BILDWERK_MEDIA_ROOT": str(tmp_path / "empty")})

    assert said.status == 1
    (line,) = said.lines
    assert line.startswith("bildwerk: a media root is away")


async def test_a_file_is_there_whole_or_not_at_all(bildwerk: Bildwerk, library: Variables, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("of yesterday")
    (tmp_path / "out").chmod(0o600)
    broken = await bildwerk("export", "--all", "--output", "out", **library | {"DATABASE_URL": NOWHERE["DATABASE_URL"]})
    assert broken.status == 1
    assert (tmp_path / "out").read_text() == "of yesterday"

    await bildwerk("export", "--all", "--output", "out", **library)
    assert len((tmp_path / "out").read_text().splitlines()) == 2
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []


async def test_a_reader_that_had_enough_is_no_traceback(library: Variables, ledger: Ledger) -> None:
    await ledger.pool.execute("INSERT INTO media_meta SELECT id, 'caption', to_jsonb(repeat('x', 200000)) FROM media")
    command = f"{sys.executable} -m bildwerk export --all | head -c 10"
    environment = {**library, "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    said = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, check=False)  # noqa: ASYNC221

    assert said.stdout.startswith(b'{"media_id')
    assert b"Traceback" not in said.stderr
