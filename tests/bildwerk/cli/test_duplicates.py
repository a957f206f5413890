"""`bildwerk duplicates` as a person calls it."""

import json
from pathlib import Path

import pytest

from tests.bildwerk.cli.conftest import NOWHERE, Bildwerk
from tests.gallery import Gallery, Shot
from tests.ledger import Ledger

Variables = dict[str, str]


@pytest.fixture
def gallery(ledger: Ledger) -> Gallery:
    return Gallery(ledger)


@pytest.fixture
def library(database: str, tmp_path: Path) -> Variables:
    """Return variables that point at the database, and at nothing else."""
    return {**NOWHERE, "DATABASE_URL": database, "BILDWERK_MEDIA_ROOT": str(tmp_path)}


async def name(gallery: Gallery, media_id: int, path: str) -> None:
    """Give a medium a path that can be read."""
    await gallery.pool.execute("UPDATE media SET path = $2, file_size = 4321 WHERE id = $1", media_id, path)


async def test_nothing_is_alike(bildwerk: Bildwerk, library: Variables) -> None:
    said = await bildwerk("duplicates", "list", **library)
    assert (said.status, said.out, said.lines) == (0, "", ["no two pictures are one"])
    said = await bildwerk("duplicates", "list", "--undecided", **library)
    assert (said.status, said.out, said.lines) == (0, "", ["no pair is left to a person"])
    said = await bildwerk("duplicates", "list", "--json", **library)
    assert (said.status, json.loads(said.out)) == (0, {"clusters": [], "left_out": 0})


async def test_clusters_are_listed(bildwerk: Bildwerk, library: Variables, gallery: Gallery) -> None:
    gallery.judge.opinion = lambda _content_hash: ("edited", "this")
    one, two, three = await gallery.bring(Shot(1), Shot(1, pixels=9), Shot(1, pixels=9))
    await gallery.bring(Shot(2), Shot(2))
    for media_id, path in ((one, "a.jpg"), (two, "b\x1b[2J.jpg"), (three, "c.jpg")):
        await name(gallery, media_id, path)

    said = await bildwerk("duplicates", "list", "--limit", 1, **library)

    assert (said.status, said.lines) == (0, ["1 more: --limit 2"])
    assert said.out.splitlines() == [
        "2 b�[2J.jpg (109 x 109, 4.3 kB): keep, none has more pixels or a larger file, and it is the oldest of those",
        "  3 c.jpg (109 x 109, 4.3 kB): same_bytes with 2, says pixels",
        "  1 a.jpg (100 x 100, 4.3 kB): same_picture with 2, says the model (edited)",
    ]
    told = json.loads((await bildwerk("duplicates", "list", "--limit", 1, "--json", **library)).out)
    assert told == {
        "clusters": [
            {
                "keep": 2,
                "media": [
                    {"media_id": 2, "path": "b\x1b[2J.jpg", "width": 109, "height": 109, "file_size": 4321},
                    {"media_id": 3, "path": "c.jpg", "width": 109, "height": 109, "file_size": 4321},
                    {"media_id": 1, "path": "a.jpg", "width": 100, "height": 100, "file_size": 4321},
                ],
                "pairs": [
                    {"one": 2, "other": 3, "level": "same_bytes", "relation": None, "said_by": "pixels"},
                    {"one": 1, "other": 2, "level": "same_picture", "relation": "edited", "said_by": "model"},
                ],
            }
        ],
        "left_out": 1,
    }


async def test_what_is_left_to_a_person_is_listed(bildwerk: Bildwerk, library: Variables, gallery: Gallery) -> None:
    one, two = await gallery.bring(Shot(1), Shot(1, pixels=1))
    await name(gallery, one, "a.jpg")
    await name(gallery, two, "b.jpg")

    said = await bildwerk("duplicates", "list", "--undecided", **library)
    told = json.loads((await bildwerk("duplicates", "list", "--undecided", "--json", **library)).out)

    reason = "The light is a little stronger on the left side of picture A."
    assert (said.status, said.lines) == (0, [])
    assert said.out.startswith("1 a.jpg, 2 b.jpg: same_picture, perceptual hashes differ by ")
    assert said.out.endswith(f"the model: burst, none is better: {reason}\n")
    (pair,) = told["pairs"]
    assert (pair["one"], pair["other"], pair["level"], pair["relation"]) == (1, 2, "same_picture", "burst")
    assert told["left_out"] == 0


async def test_one_medium_is_shown_with_all_that_is_known(
    bildwerk: Bildwerk, library: Variables, gallery: Gallery
) -> None:
    gallery.judge.opinion = lambda _content_hash: ("same", "this")
    one, two, three = await gallery.bring(Shot(1), Shot(1, pixels=1), Shot(2))
    for media_id, path in ((one, "a.jpg"), (two, "b.jpg"), (three, "c.jpg")):
        await name(gallery, media_id, path)
    await gallery.pool.execute("UPDATE bildwerk.media SET left_out = 400 WHERE id = $1", one)
    await gallery.pool.execute(
        "UPDATE bildwerk.duplicate_pairs SET evidence = $1",
        {"bits": 3, "turn": "turned_90", "covered": 0.9, "light": 0.5, "moved": 0.001, "overlaid": 0.02},
    )
    await bildwerk("duplicates", "different", "a.jpg", "c.jpg", **library)

    said = await bildwerk("duplicates", "show", "a.jpg", **library)
    alone = await bildwerk("duplicates", "show", three, **library)

    assert (said.status, said.lines) == (0, [])
    assert said.out.splitlines() == [
        "medium 1: a.jpg",
        "  one picture with 2 b.jpg (101 x 101, 4.3 kB)",
        "  keep 2: it has the most pixels",
        "  2 b.jpg: same_picture, the model: same",
        "    the same picture, changed as an edit changes it",
        (
            "    perceptual hashes differ by 3 bits, 2 stands as 1 when it is turned by 90 degrees,"
            " one shows 90% of the other, 2 is 0.50 times as bright, 0.10% moved (of the same picture 0.05% at most),"
            " something is laid over 2.0%"
        ),
        "    the model: same, 2 is better: The light is a little stronger on the left side of picture A.",
        "  3 c.jpg: told, a person: different",
        "    not found alike",
        "  400 more are like it; left out, because too many pictures share its look",
    ]
    assert alone.out.splitlines()[:2] == ["medium 3: c.jpg", "  1 a.jpg: told, a person: different"]


async def test_a_medium_like_nobody_and_one_that_is_gone(
    bildwerk: Bildwerk, library: Variables, gallery: Gallery
) -> None:
    one, two = await gallery.bring(Shot(1), Shot(2))
    await gallery.delete(two)
    (three,) = await gallery.upload(Shot(3))
    await gallery.pool.execute("INSERT INTO media (path) VALUES ('x.jpg')")

    shown = [await bildwerk("duplicates", "show", which, **library) for which in (one, two, three, "x.jpg", "y.jpg")]

    assert [said.status for said in shown] == [0, 0, 0, 1, 1]
    assert shown[0].out.splitlines()[1:] == ["  no other medium is like it"]
    assert shown[1].out.splitlines() == ["medium 2: not on the platform", "  the platform does not have it"]
    assert shown[2].out.splitlines()[1:] == ["  no picture: the picture has not been looked at yet"]
    assert shown[3].lines == ["bildwerk: medium 4 is in public.media, but no event ever named it: send media.created"]
    assert shown[4].lines == ["bildwerk: there is no medium with the id or path 'y.jpg': `bildwerk ingest` adds files"]


async def test_a_person_decides(bildwerk: Bildwerk, library: Variables, gallery: Gallery) -> None:
    one, two, three = await gallery.bring(Shot(1), Shot(2), Shot(3))

    said = [
        await bildwerk("duplicates", word, *media, **library)
        for word, *media in (
            ("same", one, two),
            ("same", one, two),
            ("different", three, one),
            ("same", two, three),
            ("different", one, two),
        )
    ]

    assert [each.status for each in said] == [0] * 5
    assert [each.out for each in said] == [""] * 5
    assert [each.lines for each in said] == [
        ["1 and 2 are one picture", "copies of this picture: 1, 2"],
        ["1 and 2 are one picture, as was said before", "copies of this picture: 1, 2"],
        ["3 and 1 are two pictures", "copies of 3: none", "copies of 1: 2"],
        [
            "2 and 3 are one picture",
            "but they stay apart: 1 and 3 were told different; `bildwerk duplicates same 1 3` takes that back",
            "copies of 2: 1",
            "copies of 3: none",
        ],
        [
            "1 and 2 are two pictures, though the opposite was said before: this counts",
            "copies of 1: none",
            "copies of 2: 3",
        ],
    ]
    await gallery.settle()
    assert (await gallery.report(two) or {})["cluster"] == [two, three]


async def test_what_cannot_be_decided_is_refused_with_a_line(
    bildwerk: Bildwerk, library: Variables, gallery: Gallery
) -> None:
    one, two = await gallery.bring(Shot(1), Shot(2))
    await gallery.delete(two)

    for other, line in (
        (one, "medium 1 is one medium, not two"),
        (two, "medium 2 was deleted"),
        ("nobody", "there is no medium with the id or path 'nobody': `bildwerk ingest` adds files"),
    ):
        said = await bildwerk("duplicates", "same", one, other, **library)
        assert (said.status, said.lines) == (1, [f"bildwerk: {line}"])


async def test_the_command_line_and_the_database_are_checked(bildwerk: Bildwerk) -> None:
    assert (await bildwerk("duplicates", "list", "--level", "alike", **NOWHERE)).status == 2
    for arguments in (("list",), ("same", 1, 2), ("show", 1)):
        said = await bildwerk("duplicates", *arguments, **NOWHERE)
        assert said.status == 1
        assert "does not answer" in said.lines[0]
