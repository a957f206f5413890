"""That photographs from packages are fetched, told from each other and counted rightly; without a network."""

import hashlib
import shutil
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from bench.quality import packages
from bench.quality.packages import Apt, Package
from bench.quality.prompts import photographs
from contracts.embedded import Embedded
from tests.handlers.inspect.corpus import scene
from tests.handlers.inspect.generators import CASES

APT = shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None
ALBUM = Package("album", photographs=("share/album",))
ONE_LINE = "# a mirror\ndeb [trusted=yes] file:/mirror ./\ndeb-src file:/mirror ./\n"
STANZA = "Types: deb\nURIs: file:/mirror\nSuites: stable\nComponents: main\n"


def write(picture: Image.Image, camera: str = "", quality: int = 92) -> bytes:
    exif = Image.Exif()
    if camera:
        exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = camera.split(" ", 1)
    file = BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=quality, exif=exif)
    return file.getvalue()


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Return an unpacked package."""
    one, other = scene((240, 180)), scene((240, 180)).transpose(Image.Transpose.ROTATE_180)
    files = {
        "usr/share/album/one.jpg": write(one),
        "usr/share/album/again.jpg": write(one),
        "usr/share/album/smaller.jpg": write(one.resize((120, 90)), "Acme  X1", quality=60),
        "tests/other.jpg": write(other, "Acme X2"),
        "tests/tiny.jpg": write(one.resize((8, 6)), "Acme X3"),
        "tests/drawing.jpg": write(other),
        "tests/cut-off.jpg": write(one)[:400],
        "usr/share/album/list.txt": b"one.jpg",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "tests" / "link.jpg").symlink_to(tmp_path / "tests" / "other.jpg")
    return tmp_path


def test_what_is_in_a_place_of_photographs_or_names_a_camera_is_one(album: Path) -> None:
    files = {file.place: file for file in photographs.read_package(ALBUM, album)}
    assert {place for place, file in files.items() if file.photograph} == {
        "usr/share/album/one.jpg", "usr/share/album/again.jpg", "usr/share/album/smaller.jpg", "tests/other.jpg",
    }  # fmt: skip
    assert {place for place, file in files.items() if not file.photograph} == {"tests/tiny.jpg", "tests/drawing.jpg"}
    assert files["usr/share/album/smaller.jpg"].camera == "Acme X1"


def test_photographs_are_counted_by_content_and_by_look(album: Path) -> None:
    files = [file for file in photographs.read_package(ALBUM, album) if file.photograph]
    counted = photographs.count(files)
    assert (counted.files, counted.contents, counted.looks) == (4, 3, 2)
    assert (counted.of_cameras, counted.cameras, counted.found) == (2, 2, 0)


def test_a_find_is_told(album: Path) -> None:
    case = next(case for case in CASES if case.kind == "JPEG")
    (album / "usr/share/album/generated.jpg").write_bytes(case.write(scene((160, 120), "RGBA")))
    section = photographs.tell(list(photographs.read_package(ALBUM, album)), ["lost"])
    place = "usr/share/album/generated.jpg"
    assert section.figures == {
        "false finds": [["album", place, case.expected.generator]],
        "missing": ["lost"],
    }
    rows = {row[0]: row for row in section.tables[0].rows}
    assert rows["album"][-1].startswith("1 of 4 (")
    assert place in rows["**all photographs**"][-1]
    assert rows["other pictures of these packages"][-1].startswith("0 of 2 (")
    assert rows["lost"][1] == "could not be fetched"


def test_what_is_found_is_what_the_product_reads() -> None:
    case = CASES[0]
    file = photographs.read_file("album", "a", case.write(scene((160, 120), "RGBA")), known=True)
    assert file is not None
    assert isinstance(file.found, Embedded)
    assert file.found == case.expected


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (ONE_LINE, f"{ONE_LINE}deb-src [trusted=yes] file:/mirror ./\n"),
        (STANZA, STANZA.replace("deb", "deb deb-src", 1)),
    ],
)
def test_what_packages_are_made_from_is_asked_for_too(text: str, wanted: str) -> None:
    assert packages.with_sources(text) == wanted


def serve(mirror: Path) -> None:
    """Make a mirror of two packages, one of them for what it is made from."""
    tree = mirror / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    control = "Package: album\nVersion: 1\nArchitecture: all\nMaintainer: N <n@example.org>\nDescription: an album\n"
    (tree / "DEBIAN" / "control").write_text(control)
    (tree / "usr/share/album").mkdir(parents=True)
    (tree / "usr/share/album/one.jpg").write_bytes(write(scene((64, 48))))
    subprocess.run(["dpkg-deb", "--build", str(tree), str(mirror / "album_1_all.deb")], check=True, capture_output=True)
    with tarfile.open(mirror / "reader_1.orig.tar.gz", "w:gz") as tar:
        tar.add(tree / "usr/share/album/one.jpg", "reader-1/tests/one.jpg")
    binary = f"Filename: ./album_1_all.deb\n{_sums(mirror / 'album_1_all.deb')}"
    (mirror / "Packages").write_text(f"{control}{binary}\n")
    tarball = mirror / "reader_1.orig.tar.gz"
    listed = f" {hashlib.sha256(tarball.read_bytes()).hexdigest()} {tarball.stat().st_size} {tarball.name}\n"
    (mirror / "Sources").write_text(
        "Package: reader\nBinary: reader\nVersion: 1\nArchitecture: all\nFormat: 1.0\nDirectory: .\n"
        f"Checksums-Sha256:\n{listed}\n"
    )


def _sums(file: Path) -> str:
    return f"Size: {file.stat().st_size}\nSHA256: {hashlib.sha256(file.read_bytes()).hexdigest()}\n"


@pytest.mark.skipif(APT, reason="packages are fetched with apt-get, and unpacked with dpkg-deb: one is not here")
def test_packages_are_fetched_and_unpacked_once(tmp_path: Path) -> None:
    mirror, machine = tmp_path / "mirror", tmp_path / "etc"
    serve(mirror)
    (machine / "sources.list.d").mkdir(parents=True)
    (machine / "sources.list.d" / "mirror.list").write_text(f"deb [trusted=yes] file:{mirror} ./\n")
    apt = Apt(tmp_path / "kept", machine)
    apt.update()
    album, reader = apt.fetch(ALBUM), apt.fetch(Package("reader", source=True))
    assert album is not None
    assert [path.name for path in album.rglob("*.jpg")] == ["one.jpg"]
    assert reader is not None
    assert (reader / "reader-1/tests/one.jpg").exists()
    assert apt.fetch(Package("unheard-of")) is None

    shutil.rmtree(mirror)
    assert apt.fetch(ALBUM) == album


def test_without_apt_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="apt-get"):
        Apt(tmp_path / "kept")
