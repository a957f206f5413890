"""Sidecars: what is in them, that any text comes back, and that we know our own."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bildwerk.export.record import ExportedTag, Record, Value
from bildwerk.export.xmp import DC, RDF, XMP, Properties, clean, is_of, is_ours, list_properties, write_sidecar
from handlers.scores.anchors import ANCHORS
from tests.bildwerk.export.exiftool import NEEDED, read_folder

HARD = "Größe \"quoted\" 'so' <b>&amp;</b> ]]> — 猫 \N{CAT FACE} e\u0301\n\tnext line"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def ours(value: Any, language: str | None = "de") -> Value:
    return Value(value, "ours", language)


def record(**known: Any) -> Record:
    return Record(7, "a.jpg", **known)


def parse(sidecar: bytes) -> ET.Element:
    return ET.fromstring(sidecar)  # noqa: S314 - we wrote it


def read_items(sidecar: bytes, name: str) -> list[tuple[str | None, str]]:
    """(language, text) of every item of a property."""
    items = parse(sidecar).findall(f".//{{{DC}}}{name}//{{{RDF}}}li")
    return [(item.get(LANG), item.text or "") for item in items]


def test_what_a_sidecar_tells() -> None:
    scores = ours({"aesthetic": {"score": 0.75}})
    tags = (ExportedTag("Katze", "person"), ExportedTag("cat & dog", "ours"), ExportedTag("Katze", "ours"))
    known = record(title=ours(HARD), caption=ours("short"), description=ours("long"), tags=tags, scores=scores)
    sidecar = write_sidecar(list_properties(known, rating=True), "a.jpg")

    assert read_items(sidecar, "title") == [("x-default", HARD), ("de", HARD)]
    assert read_items(sidecar, "description") == [("x-default", "long"), ("de", "long")]
    assert read_items(sidecar, "subject") == [(None, "Katze"), (None, "cat & dog")]
    assert parse(sidecar).findtext(f".//{{{XMP}}}Rating") == "4"
    assert sidecar == write_sidecar(list_properties(known, rating=True), "a.jpg")


def test_a_persons_words_come_before_ours_and_stale_ones_not_at_all() -> None:
    theirs, stale = Value("theirs", "person"), Value("old", "stale", "en")
    told = list_properties(record(title=stale, caption=theirs, description=ours("ours")), rating=False)
    assert (told.title, told.description) == (None, ("theirs", None))

    both = record(caption=theirs, description=Value("more of theirs", "person"))
    assert list_properties(both, rating=False).description == ("more of theirs", None)
    assert list_properties(record(caption=ours("short"), description=stale), rating=False).description == (
        "short",
        "de",
    )
    assert list_properties(record(title=ours(["no", "text"]), caption=ours("\x01\n")), rating=False).empty


def test_stars_stand_around_the_anchors_of_levels() -> None:
    def stars(score: object, holder: Any = "ours") -> int | None:
        scores = Value({"aesthetic": {"score": score}}, holder)  # type: ignore[dict-item] # anything may stand there
        return list_properties(record(scores=scores), rating=True).rating

    assert [stars(score) for score in sorted(ANCHORS.values())] == [1, 2, 3, 4, 5]
    assert [stars(s) for s in (0.12, 0.125, 0.37, 0.375, 0.62, 0.625, 0.87, 0.875)] == [1, 2, 2, 3, 3, 4, 4, 5]
    assert [stars(s) for s in (None, True, "1", -0.1, 1.1)] == [None] * 5
    assert stars(1, "stale") is None
    assert list_properties(record(scores=ours({"aesthetic": {"score": 1}})), rating=False).rating is None


def test_ours_is_known_again_and_any_change_is_seen() -> None:
    sidecar = write_sidecar(Properties(("a cat", "en"), None, ("cat",)), "a.jpg")

    assert is_ours(sidecar)
    assert is_of(sidecar, "a.jpg")
    assert not is_of(sidecar, "a.png")
    for changed in (
        sidecar.replace(b"a cat", b"A cat"), sidecar.replace(b"\n", b"\r\n"), sidecar + b" ", sidecar[:-1], b"",
        sidecar.replace(b'digest="', b'digest="0', 1), b'<x bildwerk:digest="' + b"0" * 64 + b'"/>',
    ):  # fmt: skip
        assert not is_ours(changed)


def test_a_text_that_quotes_a_seal_breaks_none() -> None:
    quoted = write_sidecar(Properties(("a", None)), "a.jpg").decode()
    sidecar = write_sidecar(Properties((quoted, None), (quoted, "en"), (quoted,)), "b.jpg")

    assert is_ours(sidecar)
    assert is_of(sidecar, "b.jpg")
    assert not is_of(sidecar, "a.jpg")
    assert read_items(sidecar, "title") == [("x-default", quoted)]


TEXTS = st.text(min_size=1, max_size=60)


@given(title=TEXTS, tags=st.lists(TEXTS, max_size=5), at=st.integers(0, 10_000))
def test_any_text_comes_back_or_is_cleaned_as_documented(title: str, tags: list[str], at: int) -> None:
    tagged = tuple(ExportedTag(name, "ours") for name in tags)
    sidecar = write_sidecar(list_properties(record(title=ours(title), tags=tagged), rating=False), title)

    expected = [("x-default", clean(title)), ("de", clean(title))] if clean(title).strip() else []
    assert read_items(sidecar, "title") == expected
    wanted = dict.fromkeys(clean(name).strip() for name in tags)
    assert [name for _, name in read_items(sidecar, "subject")] == [name for name in wanted if name]
    assert is_ours(sidecar)
    assert is_of(sidecar, title)
    place = at % len(sidecar)
    assert not is_ours(sidecar[:place] + bytes([sidecar[place] ^ 1]) + sidecar[place + 1 :])


@given(TEXTS)
def test_cleaning_drops_only_what_xml_cannot_hold(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    kept = [
        c
        for c in text.replace("\r\n", "\n").replace("\r", "\n")
        if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff")
    ]
    assert clean(text) == "".join(c for c in kept if not "\ud800" <= c <= "\udfff")


@NEEDED
def test_exiftool_reads_every_field(tmp_path: Path) -> None:
    many = tuple(ExportedTag(f"tag {number} ä & <{number}>", "ours") for number in range(300))
    known = record(
        title=ours(HARD), description=ours(HARD * 50, "pt-BR"), tags=many, scores=ours({"aesthetic": {"score": 1}})
    )
    (tmp_path / "a.jpg.xmp").write_bytes(write_sidecar(list_properties(known, rating=True), "a.jpg"))
    (tmp_path / "b.xmp").write_bytes(write_sidecar(Properties(), "b.jpg"))
    found = read_folder(tmp_path)

    told = found["a.jpg.xmp"]
    assert told["XMP-dc:Title"] == told["XMP-dc:Title-de"] == HARD
    assert told["XMP-dc:Description"] == told["XMP-dc:Description-pt-BR"] == HARD * 50
    assert told["XMP-dc:Subject"] == [tag.name for tag in many]
    assert told["XMP-xmp:Rating"] == 5
    assert "ExifTool:Error" not in told
    assert "ExifTool:Warning" not in told
    assert not [key for key in found["b.xmp"] if key.startswith(("XMP-dc", "XMP-xmp:"))]


@NEEDED
@settings(max_examples=5)
@given(st.lists(TEXTS, min_size=20, max_size=40))
def test_exiftool_reads_any_text(texts: list[str]) -> None:
    """With a letter before it, for its JSON tells neither TRUE from true nor 1.0 from a number."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number, text in enumerate(texts):
            told = list_properties(record(title=ours(f"T{text}")), rating=False)
            (folder / f"{number}.xmp").write_bytes(write_sidecar(told, "a.jpg"))
        found = read_folder(folder)
    for number, text in enumerate(texts):
        assert found[f"{number}.xmp"]["XMP-dc:Title"] == clean(f"T{text}")


@pytest.mark.parametrize("name", ["a.jpg", "ü \N{CAT FACE}.jpg", "x\udcff.jpg"])
def test_any_file_name_is_told_apart(name: str) -> None:
    assert is_of(write_sidecar(Properties(), name), name)
