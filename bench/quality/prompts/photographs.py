"""That no prompt is found in photographs as cameras and programs wrote them: hundreds of different ones, from packages.

`python -m bench.quality photographs` fetches them: some 230 MB, kept in bench-output. It is no part of what is measured
without being named, since that needs no network.
"""

import hashlib
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image

from bench.quality.packages import FOLDER, Apt, Package
from bench.quality.parts import Part, Plan, Section, Table
from bench.quality.statistics import upper_bound
from contracts.embedded import Embedded
from handlers.inspect.embedded.reading import read_embedded
from handlers.inspect.perceptual import hash_perceptually

PACKAGES = (
    Package("kphotoalbum", photographs=("share/kphotoalbum/demo",)),
    Package("scratch", photographs=("scratch/Media/Backgrounds",)),
    Package("mate-backgrounds", photographs=("backgrounds/mate/nature",)),
    Package("dlib", source=True, photographs=("examples/faces", "examples/johns")),
    Package("jhead", source=True),
    Package("exiv2", source=True),
    Package("libimage-exiftool-perl", source=True),
    Package("libmetadata-extractor-java", source=True),
    Package("piexif", source=True),
    Package("libextractor", source=True),
    Package("gexiv2", source=True),
    Package("gegl", source=True),
    Package("hugo", source=True),
    Package("pillow", source=True),
)
"""Chosen by what they are for: albums, wallpapers, and programs whose tests read what cameras write."""
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8")
ALIKE = 8
"""Bits of 64 by which the pHash of two pictures that count as one differ at most."""
LEAST = 32
"""Pixels of the long side: what is smaller shows nothing; some tests' pictures are taken down to one pixel."""
MOST = 40_000_000
_CAMERA = (ExifTags.Base.Make, ExifTags.Base.Model)


@dataclass(frozen=True, slots=True)
class File:
    """A picture file, by what is in it; `look` is its pHash. `place` tells where in its package it is."""

    package: str
    place: str
    content: str
    look: int
    camera: str
    photograph: bool
    found: Embedded | None


@dataclass(frozen=True, slots=True)
class Count:
    """Of files: different ones by content, by look, those of the latter that name a camera, and cameras named."""

    files: int
    contents: int
    looks: int
    of_cameras: int
    cameras: int
    found: int


def evaluate(plan: Plan) -> Section:
    """Fetch, read and count. Raises FileNotFoundError where nothing can be fetched, with a word on why."""
    apt = Apt(FOLDER)
    apt.update()
    packages = PACKAGES[-1:] if plan.quick else PACKAGES
    files: list[File] = []
    missing = []
    for number, package in enumerate(packages):
        place = apt.fetch(package)
        if place is None:
            missing.append(package.name)
        else:
            files += read_package(package, place)
        plan.advance(number + 1, len(packages))
    if not files:
        raise FileNotFoundError(f"no package could be fetched: {', '.join(missing)}")
    return tell(files, missing)


def tell(files: Sequence[File], missing: Sequence[str]) -> Section:
    """The table and the figures of these files; `missing` are packages that could not be had."""
    photographs = [file for file in files if file.photograph]
    rows = [
        _row(name, [file for file in photographs if file.package == name])
        for name in dict.fromkeys(file.package for file in files)
    ]
    rows += [(name, *["could not be fetched"] * 6) for name in missing]
    rows.append(_row("**all photographs**", photographs))
    rows.append(_row("other pictures of these packages", [file for file in files if not file.photograph]))
    header = ("package", "files", "different files", "different pictures", "of these, a camera is named", "cameras")
    finds = [[file.package, file.place, file.found.generator] for file in files if file.found is not None]
    return Section(
        [Table("Prompts found in photographs from packages", (*header, "a prompt found (at most, 95 %)"), rows)],
        figures={"false finds": finds, "missing": list(missing)},
    )


def count(files: Sequence[File]) -> Count:
    """Count them; of files that are alike the first counts, one with a camera before one without."""
    contents = {file.content: file for file in files}
    different = list_different(sorted(contents.values(), key=lambda file: not file.camera))
    return Count(
        files=len(files),
        contents=len(contents),
        looks=len(different),
        of_cameras=sum(bool(file.camera) for file in different),
        cameras=len({file.camera for file in contents.values()} - {""}),
        found=sum(file.found is not None for file in contents.values()),
    )


def list_different(files: Iterable[File]) -> list[File]:
    """Those that look like none before them, so a picture and its thumbnail, or two of a burst, are one."""
    kept: list[File] = []
    for file in files:
        if all((file.look ^ other.look).bit_count() > ALIKE for other in kept):
            kept.append(file)
    return kept


def read_package(package: Package, place: Path) -> Iterator[File]:
    """Every picture of it that can be read, in the order of their names."""
    for path in sorted(path for path in place.rglob("*") if path.is_file() and not path.is_symlink()):
        with path.open("rb") as opened:
            if not opened.read(16).startswith(BEGINNINGS):
                continue
        name = path.relative_to(place).as_posix()
        known = any(f"/{part}/" in f"/{name}" for part in package.photographs)
        if (file := read_file(package.name, name, path.read_bytes(), known=known)) is not None:
            yield file


def read_file(package: str, place: str, data: bytes, *, known: bool) -> File | None:
    """What is in it; None where it cannot be decoded. It is a photograph if that is `known`, or it names a camera."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(BytesIO(data)) as image:
            if image.width * image.height > MOST:
                return None
            image.load()
            found, camera, longest = read_embedded(image, data), name_camera(image), max(image.size)
            look = hash_perceptually(image.convert("RGB")) & (1 << 64) - 1
    except Exception:  # noqa: BLE001 - the packages' own tests are of broken files, and Pillow raises all kinds
        return None
    photograph = (known or bool(camera)) and longest >= LEAST
    return File(package, place, hashlib.sha256(data).hexdigest(), look, camera, photograph, found)


def name_camera(image: Image.Image) -> str:
    """Maker and model as EXIF has them; empty where it names neither."""
    exif = image.getexif()
    return " ".join(" ".join(str(exif.get(tag, "")).replace("\0", " ").split()) for tag in _CAMERA).strip()


def _row(name: str, files: Sequence[File]) -> tuple[str, ...]:
    if not files:
        return (name, *["0"] * 5, "")
    of = count(files)
    numbers = (of.files, of.contents, of.looks, of.of_cameras, of.cameras)
    bound = upper_bound(min(of.found, of.looks), of.looks)
    which = Counter(f"{file.found.generator} ({file.place})" for file in files if file.found is not None)
    told = f"{of.found} of {of.contents} ({bound:.1%})" + "".join(f", {one}" for one in which)
    return (name, *map(str, numbers), told)


PART = Part("photographs", "no prompt in some hundred photographs from Debian's packages, which it fetches", evaluate)
