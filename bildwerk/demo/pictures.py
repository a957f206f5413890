"""The pictures of the demo: free ones that ship in scikit-image, with whom to thank.

Source of every line: the notes in `skimage.data` and the pages these name.
"""

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final


class PicturesMissing(Exception):
    """The package with the pictures is not installed."""


@dataclass(frozen=True, slots=True)
class Credit:
    """One picture: its file in scikit-image, what it is, who made it, and under which licence."""

    file: str
    subject: str
    author: str
    licence: str
    source: str


CC0: Final = "CC0 1.0"
PUBLIC_DOMAIN: Final = "public domain"
CREDITS: Final = (
    Credit("astronaut.png", "Eileen Collins", "NASA", PUBLIC_DOMAIN, "https://flic.kr/p/r9qvLn"),
    Credit("brick.png", "Brick wall", "CC0Textures", CC0, "https://cc0textures.com/view.php?tex=Bricks25"),
    Credit("camera.png", "Photographer", "Lav Varshney", CC0, "https://github.com/scikit-image/scikit-image/issues/3927"),
    Credit("cell.png", "Cell in saline", "Paul Müller and others", CC0, "https://doi.org/10.1364/OE.26.010729"),
    Credit("chelsea.png", "Chelsea the cat", "Stefan van der Walt", CC0, "https://scikit-image.org"),
    Credit("clock_motion.png", "Wall clock", "Stefan van der Walt", PUBLIC_DOMAIN, "https://scikit-image.org"),
    Credit("coffee.png", "Cup of coffee", "Rachel Michetti", CC0, "https://scikit-image.org"),
    Credit(
        "grass.png", "Grass", "linolafett", CC0, "https://www.deviantart.com/linolafett/art/Grass-01-434853879"
    ),
    Credit("gravel.png", "Gravel", "CC0Textures", CC0, "https://cc0textures.com/view.php?tex=Gravel04"),
    Credit("horse.png", "Horse", "Andreas Preuss", CC0, "https://openclipart.org/detail/158377/horse-by-marauder"),
    Credit(
        "hubble_deep_field.jpg", "Hubble eXtreme Deep Field", "NASA", PUBLIC_DOMAIN,
        "https://hubblesite.org/newscenter/archive/releases/2012/37/image/a/",
    ),
    Credit(
        "retina.jpg", "Retina", "Mikael Häggström", CC0,
        "https://commons.wikimedia.org/wiki/File:Fundus_photograph_of_normal_left_eye.jpg",
    ),
    Credit(
        "rocket.jpg", "Falcon 9 with DSCOVR", "SpaceX", PUBLIC_DOMAIN,
        "https://www.flickr.com/photos/spacexphotos/16511594820",
    ),
    Credit("text.png", "Printed text", "Wikipedia", PUBLIC_DOMAIN, "https://en.wikipedia.org/wiki/File:Corner.png"),
)  # fmt: skip


def lay_out(folder: Path) -> tuple[Credit, ...]:
    """Copy the pictures into `folder`; returns their credits. Raises PicturesMissing."""
    spec = find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise PicturesMissing(
            "the demo's pictures come with scikit-image, which is not installed: "
            "run `make demo`, install bildwerk[demo], or name a folder of yours with --folder"
        )
    source = Path(spec.submodule_search_locations[0]) / "data"
    there = tuple(credit for credit in CREDITS if (source / credit.file).is_file())
    if not there:
        raise PicturesMissing("this scikit-image ships no pictures: name a folder of yours with --folder")
    folder.mkdir(parents=True, exist_ok=True)
    for credit in there:
        shutil.copyfile(source / credit.file, folder / credit.file)
    return there
