"""The demo's generated pictures are the same every time, free of flaws, and tell what made them as such programs do."""

from pathlib import Path

import pytest
from PIL import Image

from bildwerk.demo.generated import FOLDER, GENERATED, generate
from bildwerk.demo.suggestions import GENERATORS
from handlers.inspect.embedded.reading import read_embedded
from handlers.inspect.measuring import measure
from handlers.quality.measured import find_defects


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all of them in the one below."""
    folder = tmp_path_factory.mktemp("generated")
    assert set(generate(folder)) == {f"{FOLDER}/{name}" for name in GENERATED}
    return folder


def test_they_are_the_same_every_time(tmp_path: Path, folder: Path) -> None:
    for path in generate(tmp_path):
        assert (tmp_path / path).read_bytes() == (folder / path).read_bytes()


def test_nothing_is_wrong_with_them(folder: Path) -> None:
    for name in GENERATED:
        with Image.open(folder / FOLDER / name) as picture:
            assert find_defects(measure(picture.convert("RGB")), *picture.size) == (), name


def test_three_programs_and_formats_are_there() -> None:
    assert len({write for _, write, _ in GENERATED.values()}) == 3
    assert {Path(name).suffix for name in GENERATED} == {".jpg", ".png", ".webp"}


def test_what_they_tell_is_read(folder: Path) -> None:
    for name, (_, _, wish) in GENERATED.items():
        path = folder / FOLDER / name
        with Image.open(path) as picture:
            picture.load()
            found = read_embedded(picture, path.read_bytes())
        assert found is not None, name
        assert (found.prompt, found.negative_prompt, found.seed, found.certain) == (
            wish.prompt, wish.negative, wish.seed, True,
        )  # fmt: skip
        assert found.generator in GENERATORS
