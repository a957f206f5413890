"""Sidecars on disk: ours are renewed, anybody else's are left, and nothing is written outside."""

import os
import stat
from pathlib import Path

import pytest

from bildwerk.export.folders import Taken, hold_folder, put_file, read_small
from bildwerk.export.sidecars import LIMIT, Outcome, ReadOnly, Sidecars
from bildwerk.export.xmp import Properties, is_ours, write_sidecar
from handlers.failures import Unavailable
from handlers.inspect.references import MediaRoot

CAT, DOG = Properties(("a cat", "en")), Properties(("a dog", "en"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a media root with pictures in folders."""
    folder = tmp_path / "media"
    (folder / "2024").mkdir(parents=True)
    for name in ("a.jpg", "a.png", "2024/b.jpg"):
        (folder / name).write_bytes(b"picture")
    return folder


@pytest.fixture
def sidecars(root: Path) -> Sidecars:
    """Return what writes beside the pictures."""
    return Sidecars({"": MediaRoot(root)})


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_written_kept_and_renewed(root: Path, sidecars: Sidecars) -> None:
    (root / "2024" / "b.jpg").chmod(0o640)
    assert sidecars.put("2024/b.jpg", CAT) is Outcome.WRITTEN
    path = root / "2024" / "b.jpg.xmp"
    first = path.stat()
    assert stat.S_IMODE(first.st_mode) == 0o640
    assert sidecars.put("2024/b.jpg", CAT) is Outcome.SAME
    assert path.stat().st_mtime_ns == first.st_mtime_ns
    assert sidecars.put("2024/b.jpg", DOG) is Outcome.RENEWED
    assert b"a dog" in path.read_bytes()
    assert is_ours(path.read_bytes())
    assert names(root) == ["2024/b.jpg", "2024/b.jpg.xmp", "a.jpg", "a.png"]


def test_nothing_to_tell_needs_none_and_empties_ours(root: Path, sidecars: Sidecars) -> None:
    assert sidecars.put("a.jpg", Properties()) is Outcome.EMPTY
    assert not (root / "a.jpg.xmp").exists()
    sidecars.put("a.jpg", CAT)
    assert sidecars.put("a.jpg", Properties()) is Outcome.RENEWED
    assert b"cat" not in (root / "a.jpg.xmp").read_bytes()


@pytest.mark.parametrize("theirs", [b"", b"<x/>", b"\0" * 10, b"x" * (LIMIT + 1)])
def test_anybody_elses_is_left(root: Path, sidecars: Sidecars, theirs: bytes) -> None:
    (root / "a.jpg.xmp").write_bytes(theirs)

    assert sidecars.put("a.jpg", CAT) is Outcome.FOREIGN
    assert (root / "a.jpg.xmp").read_bytes() == theirs


def test_ours_is_left_once_somebody_changed_it(root: Path, sidecars: Sidecars) -> None:
    sidecars.put("a.jpg", CAT)
    edited = (root / "a.jpg.xmp").read_bytes().replace(b"a cat", b"our Mia")
    (root / "a.jpg.xmp").write_bytes(edited)

    assert sidecars.put("a.jpg", CAT) is Outcome.FOREIGN
    assert sidecars.put("a.jpg", DOG) is Outcome.FOREIGN
    assert (root / "a.jpg.xmp").read_bytes() == edited


def test_ours_is_still_ours_after_the_library_moved(root: Path, tmp_path: Path, sidecars: Sidecars) -> None:
    """No table knows of it: the file itself does."""
    sidecars.put("a.jpg", CAT)
    root.rename(tmp_path / "elsewhere")

    assert Sidecars({"": MediaRoot(tmp_path / "elsewhere")}).put("a.jpg", DOG) is Outcome.RENEWED


def test_two_pictures_do_not_share_one(root: Path) -> None:
    stem = Sidecars({"": MediaRoot(root)}, naming="stem")

    assert stem.put("a.jpg", CAT) is Outcome.WRITTEN
    assert stem.put("a.png", DOG) is Outcome.OTHERS
    assert stem.put("a.jpg", CAT) is Outcome.SAME
    assert names(root) == ["2024/b.jpg", "a.jpg", "a.png", "a.xmp"]


def test_a_tree_of_their_own(root: Path, tmp_path: Path) -> None:
    root.chmod(0o555)
    into = tmp_path / "sidecars"
    into.mkdir()
    apart = Sidecars({"": MediaRoot(root)}, into)

    assert apart.put("2024/b.jpg", CAT) is Outcome.WRITTEN
    assert apart.put(str(root / "a.jpg"), CAT) is Outcome.WRITTEN
    assert apart.put(f"file://{root}/a.png", CAT) is Outcome.WRITTEN
    assert names(into) == ["2024/b.jpg.xmp", "a.jpg.xmp", "a.png.xmp"]
    assert names(root) == ["2024/b.jpg", "a.jpg", "a.png"]
    root.chmod(0o755)


def test_a_name_that_no_sidecar_can_have_stops_nobody(root: Path, sidecars: Sidecars) -> None:
    (root / ("a" * 251 + ".jpg")).write_bytes(b"picture")

    assert sidecars.put("a" * 251 + ".jpg", CAT) is Outcome.UNNAMEABLE


def test_a_named_root_has_its_own(root: Path, tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    (other / "c.jpg").write_bytes(b"picture")
    (tmp_path / "tree").mkdir()
    roots = {"": MediaRoot(root), "other": MediaRoot(other)}

    assert Sidecars(roots).put("other:c.jpg", CAT) is Outcome.WRITTEN
    assert (other / "c.jpg.xmp").exists()
    assert Sidecars(roots, tmp_path / "tree").put("other:c.jpg", CAT) is Outcome.WRITTEN
    assert names(tmp_path / "tree") == ["other/c.jpg.xmp"]
    assert Sidecars(roots).put("third:c.jpg", CAT) is Outcome.MISSING


def test_no_symlink_leads_out(root: Path, tmp_path: Path, sidecars: Sidecars) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "c.jpg").write_bytes(b"picture")
    (outside / "target").write_bytes(b"theirs")
    (root / "out").symlink_to(outside)
    (root / "c.jpg").symlink_to(outside / "c.jpg")
    (root / "a.jpg.xmp").symlink_to(outside / "target")
    (root / "a.png.xmp").symlink_to(outside / "nothing")
    (outside / "ours").write_bytes(write_sidecar(DOG, "b.jpg"))
    (root / "2024" / "b.jpg.xmp").symlink_to(outside / "ours")
    into = tmp_path / "into"
    into.mkdir()
    (into / "2024").symlink_to(outside)

    assert sidecars.put("out/c.jpg", CAT) is Outcome.MISSING
    assert sidecars.put("c.jpg", CAT) is Outcome.MISSING
    assert sidecars.put("a.jpg", CAT) is Outcome.FOREIGN
    assert sidecars.put("a.png", CAT) is Outcome.FOREIGN
    assert sidecars.put("2024/b.jpg", DOG) is Outcome.FOREIGN
    assert Sidecars({"": MediaRoot(root)}, into).put("2024/b.jpg", CAT) is Outcome.UNNAMEABLE
    assert names(outside) == ["c.jpg", "ours", "target"]
    assert (outside / "target").read_bytes() == b"theirs"


def test_a_symlink_below_the_root_has_a_sidecar_beside_it(root: Path, sidecars: Sidecars) -> None:
    (root / "link.jpg").symlink_to(root / "2024" / "b.jpg")
    (root / "folder").symlink_to(root / "2024")

    assert sidecars.put("link.jpg", CAT) is Outcome.WRITTEN
    assert sidecars.put("folder/b.jpg", DOG) is Outcome.WRITTEN
    assert {"link.jpg.xmp", "2024/b.jpg.xmp"} <= set(names(root))


@pytest.mark.parametrize(
    "reference", ["missing.jpg", "../a.jpg", "2024", "/etc/hostname", "", "a\0.jpg", "file:///etc/hostname"]
)
def test_what_is_no_picture_has_none(sidecars: Sidecars, root: Path, reference: str) -> None:
    assert sidecars.put(reference, CAT) is Outcome.MISSING
    assert names(root) == ["2024/b.jpg", "a.jpg", "a.png"]


@pytest.mark.parametrize("reference", ["https://example.org/a.jpg", "HTTP://example.org/a.jpg", "s3://bucket/a.jpg"])
def test_pictures_elsewhere_have_none(sidecars: Sidecars, reference: str) -> None:
    assert sidecars.put(reference, CAT) is Outcome.ELSEWHERE


def test_a_fifo_is_not_waited_for(root: Path, sidecars: Sidecars) -> None:
    os.mkfifo(root / "a.jpg.xmp")
    (root / "a.png.xmp").mkdir()

    assert sidecars.put("a.jpg", CAT) is Outcome.FOREIGN
    assert sidecars.put("a.png", CAT) is Outcome.FOREIGN


def test_a_root_that_is_away_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "gone"):
        with pytest.raises(Unavailable):
            Sidecars({"": MediaRoot(tmp_path / folder)}).put("a.jpg", CAT)


@pytest.mark.skipif(
    not Path("/sys/kernel/uevent_seqnum").exists(), reason="there is no /sys: nothing that root cannot write to"
)
def test_a_folder_that_may_not_be_written_to() -> None:
    """Of the kernel's own folders, not even root writes to this one; in a container it is mounted read-only."""
    kernel = Path("/sys/kernel")
    sidecars = Sidecars({"": MediaRoot(kernel)})
    if os.statvfs(kernel).f_flag & os.ST_RDONLY:
        with pytest.raises(ReadOnly, match=r"^/sys/kernel$"):
            sidecars.put("uevent_seqnum", CAT)
    else:
        assert sidecars.put("uevent_seqnum", CAT) is Outcome.DENIED


def test_what_appears_or_changes_meanwhile_is_not_replaced(root: Path) -> None:
    with hold_folder(root, ()) as folder:
        put_file(folder, "x", b"first", 0o600, None)
        with pytest.raises(Taken):
            put_file(folder, "x", b"second", 0o600, None)
        found = read_small(folder, "x", 100)
        assert found is not None
        (root / "x").write_bytes(b"theirs")
        with pytest.raises(Taken):
            put_file(folder, "x", b"second", 0o600, found[1])
        (root / "x").unlink()
        with pytest.raises(Taken):
            put_file(folder, "x", b"second", 0o600, found[1])
    assert names(root) == ["2024/b.jpg", "a.jpg", "a.png"]
