"""That ordinary photographs carry what they are said to carry, and that finds and confidences are counted rightly."""

import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from bench.quality.parts import Plan
from bench.quality.prompts import extraction, guessing, ordinary
from bench.quality.prompts.depictions import ENGLISH, GERMAN
from bench.quality.prompts.remarks import APPS, MACHINES, SAID
from bildwerk.sandbox.process import Process, Program
from contracts.embedded import Embedded
from handlers.reconstruction.confidence import ALONE
from tests.handlers.inspect.corpus import scene
from tests.handlers.inspect.generators import CASES

REPOSITORY = Path(__file__).parents[2]
QUICK = Plan(quick=True, advance=lambda *_: None)
WAYS = [(way, kind) for way, kinds in ordinary.WAYS.items() for kind in kinds]


def write(way: str, kind: str, number: int = 0) -> bytes:
    return ordinary.WAYS[way][kind](scene((64, 48)), number)


@pytest.mark.parametrize(("way", "kind"), WAYS)
def test_an_ordinary_file_is_a_picture_with_its_metadata(way: str, kind: str) -> None:
    with Image.open(BytesIO(write(way, kind))) as image:
        image.load()
        assert image.format == kind
        told = {**image.info, "exif": dict(image.getexif())}
    bare = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "timestamp", "duration", "loop", "background"}
    assert told.keys() - bare - {"exif"} or told["exif"] or "cut-out" in way


def test_captions_are_in_the_files() -> None:
    with Image.open(BytesIO(write("captions in EXIF's user comment", "JPEG"))) as image:
        exif = image.getexif()
        assert exif[ExifTags.Base.Make] == MACHINES[0][0]
        comment = exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
        assert comment == b"UNICODE\0" + SAID[0].encode("utf-16-le")
    for way, text in (
        ("IPTC beside camera data", SAID[0]),
        ("XMP of an editor", SAID[0]),
        ("an app's JSON in EXIF", APPS[0]),
    ):
        assert text.encode() in write(way, "JPEG")
    with Image.open(BytesIO(write("text chunks of an editor", "PNG", 6))) as image:
        assert image.info["Description"] == SAID[6]


def test_the_photographs_are_those_of_both_halves() -> None:
    names = [one.name for one in ordinary.load_photographs()]
    assert len(set(names)) == len(names) == 24
    assert "data/camera" in names


def test_a_find_and_a_wrong_text_are_told() -> None:
    found = Embedded(generator="a1111", prompt="a cat")
    section = extraction.evaluate(QUICK, lambda *_: found)
    assert len(section.figures["not exact"]) == len(CASES)
    assert len(section.figures["false finds"]) == 2 * len(WAYS)
    exactness, finds = section.tables
    assert exactness.rows[0][1].startswith("**not exact**, 0 of ")
    assert finds.rows[-1][3] == f"{2 * len(WAYS)} of {2 * len(WAYS)}"


def test_every_generator_is_read_in_every_format_that_it_writes() -> None:
    assert {case.expected.generator for case in CASES} == extraction.NAMES.keys()
    section = extraction.evaluate(QUICK)
    assert section.figures == {"not exact": [], "false finds": []}


def test_confidence_falls_with_every_part_that_is_not_of_the_picture() -> None:
    guesses = [guess for pictures in (ENGLISH, GERMAN) for guess in guessing.guess_all(pictures)]
    means = []
    for wrong in range(4):
        told = [one.confidence["sure"] for one in guesses if one.wrong == wrong]
        means.append(sum(told) / len(told))
    assert means == sorted(means, reverse=True)
    assert len(set(means)) == 4
    assert max(one.confidence["sure"] for one in guesses if one.wrong is None) < ALONE


def test_parts_of_another_picture_take_the_place_of_its_own() -> None:
    mixed = guessing.mix(ENGLISH[0], ENGLISH[1], ("setting",))
    assert (mixed.known, mixed.subject, mixed.setting) == (ENGLISH[0].known, ENGLISH[0].subject, ENGLISH[1].setting)


async def test_the_parts_run_and_have_their_places_on_the_page(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "quality.md").read_text()
    (tmp_path / "quality.md").write_text(page)
    argv = [sys.executable, "-m", "bench.quality", "tags", "embedded", "guessed", "--quick"]
    argv += ["--docs", str(tmp_path), "--output", str(tmp_path / "out")]
    process = await Process.start(Program("bench", argv, tmp_path / "printed", cwd=REPOSITORY))
    try:
        assert await process.wait() == 0, process.read_tail()
    finally:
        await process.stop()
    written = (tmp_path / "quality.md").read_text()
    assert written != page
    assert "![guessed](quality-guessed.svg)" in written
    assert {path.name for path in tmp_path.glob("*.svg")} == {"quality-tags.svg", "quality-guessed.svg"}
