"""The demo's pictures are free, and each is there with its credit."""

from pathlib import Path

import pytest
from PIL import Image

from bildwerk.demo import pictures
from bildwerk.demo.flaws import FLAWS, FOLDER, spoil
from bildwerk.demo.pictures import CC0, CREDITS, PUBLIC_DOMAIN, PicturesMissing, lay_out
from handlers.inspect.measuring import measure
from handlers.quality.measured import find_defects


def test_each_is_free_and_named_once() -> None:
    assert {credit.licence for credit in CREDITS} == {CC0, PUBLIC_DOMAIN}
    assert len({credit.file for credit in CREDITS}) == len(CREDITS) >= 12


def test_all_are_there(tmp_path: Path) -> None:
    assert lay_out(tmp_path / "new") == CREDITS

    for credit in CREDITS:
        with Image.open(tmp_path / "new" / credit.file) as picture:
            picture.load()


def test_flawed_ones_are_made_of_them_the_same_every_time(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        lay_out(tmp_path / name)
        made.append({path: (tmp_path / name / path).read_bytes() for path in spoil(tmp_path / name)})

    assert made[0] == made[1]
    assert set(made[0]) == {f"{FOLDER}/{name}" for name in FLAWS}


def test_what_is_wrong_with_them_is_measured(tmp_path: Path) -> None:
    lay_out(tmp_path)
    found = {}
    for path in spoil(tmp_path):
        with Image.open(tmp_path / path) as picture:
            found[Path(path).stem] = {d.code for d in find_defects(measure(picture), *picture.size)}

    assert found["blurred"] >= {"blur"}
    assert found["dark"] >= {"underexposed"}
    assert found["noisy"] >= {"noise"}
    assert found["squeezed"] >= {"blockiness"}
    assert found["tiny"] >= {"low_resolution"}


def test_there_are_none_of_what_is_not_there(tmp_path: Path) -> None:
    assert spoil(tmp_path) == ()


def test_without_the_package_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "find_spec", lambda _name: None)

    with pytest.raises(PicturesMissing, match=r"make demo.*--folder"):
        lay_out(tmp_path)
