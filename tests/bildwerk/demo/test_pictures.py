"""The demo's pictures are free, and each is there with its credit."""

from pathlib import Path

import pytest
from PIL import Image

from bildwerk.demo import pictures
from bildwerk.demo.pictures import CC0, CREDITS, PUBLIC_DOMAIN, PicturesMissing, lay_out


def test_each_is_free_and_named_once() -> None:
    assert {credit.licence for credit in CREDITS} == {CC0, PUBLIC_DOMAIN}
    assert len({credit.file for credit in CREDITS}) == len(CREDITS) >= 12


def test_all_are_there(tmp_path: Path) -> None:
    assert lay_out(tmp_path / "new") == CREDITS

    for credit in CREDITS:
        with Image.open(tmp_path / "new" / credit.file) as picture:
            picture.load()


def test_without_the_package_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "find_spec", lambda _name: None)

    with pytest.raises(PicturesMissing, match=r"make demo.*--folder"):
        lay_out(tmp_path)
