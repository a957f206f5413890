"""What a reference can reach. E28, M1, M2 and M20 are kinds of bad input."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.failures import Invalid, Unavailable
from handlers.inspect.limits import PictureLimits
from handlers.inspect.references import MAX_REFERENCE_BYTES, MediaRoot

LIMITS = PictureLimits(max_bytes=1000)
SECRET = b"outside the root"


@pytest.fixture
def root(tmp_path: Path) -> MediaRoot:
    """Return a root with a picture in a folder, and something secret beside it."""
    (tmp_path / "secret.jpg").write_bytes(SECRET)
    media = tmp_path / "media"
    (media / "album").mkdir(parents=True)
    (media / "album" / "a b%41ü.jpg").write_bytes(b"picture")
    return MediaRoot(media)


def refuse(root: MediaRoot, reference: str) -> str:
    """Return the reason that a reference is refused for."""
    with pytest.raises(Invalid) as caught:
        root.read(reference, LIMITS)
    assert reference not in str(caught.value) or reference == ""
    return caught.value.reason


def test_files_are_read_by_relative_and_absolute_path_and_file_uri(root: MediaRoot) -> None:
    path = root.path / "album" / "a b%41ü.jpg"
    for reference in (
        "album/a b%41ü.jpg",
        "./album//a b%41ü.jpg",
        str(path),
        path.as_uri(),
        path.as_uri().replace("file://", "file://localhost"),
        path.as_uri().replace("file://", "FILE:"),
    ):
        assert root.read(reference, LIMITS) == b"picture"


def test_e28_nothing_outside_the_root_is_read(root: MediaRoot) -> None:
    (root.path / "escape.jpg").symlink_to(root.path.parent / "secret.jpg")
    (root.path / "up").symlink_to("..")
    (root.path / "null.jpg").symlink_to("/dev/zero")
    (root.path / "nowhere.jpg").symlink_to("/nonexistent/elsewhere.jpg")
    (root.path / "loop.jpg").symlink_to("loop.jpg")
    (root.path.parent / "media2").mkdir()
    (root.path.parent / "media2" / "b.jpg").write_bytes(SECRET)
    for reference in (
        "../secret.jpg",
        "album/../../secret.jpg",
        "album/../album/a b%41ü.jpg",
        "../../../../../../etc/passwd",
        "/etc/passwd",
        "/dev/zero",
        str(root.path.parent / "secret.jpg"),
        str(root.path.parent / "media2" / "b.jpg"),
        f"{root.path}/../secret.jpg",
        "escape.jpg",
        "up/secret.jpg",
        "null.jpg",
        "nowhere.jpg",
        "loop.jpg",
        "file:///etc/passwd",
        f"file://{root.path}/%2e%2e/secret.jpg",
        f"file://elsewhere{root.path}/album/a",
        f"file://{root.path}/album?a",
        "file:album/a",
        "file:",
        "file://[",
        "http://localhost/album/a.jpg",
        "s3://bucket/a.jpg",
    ):
        assert refuse(root, reference) == "bad_reference", reference


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "a\0.jpg",
        "album/a b%41ü.jpg\0",
        "x" * (MAX_REFERENCE_BYTES + 1),
        "\ud800.jpg",
        "x" * 300,
    ],
)
def test_e28_what_is_no_path_is_refused(root: MediaRoot, reference: str) -> None:
    assert refuse(root, reference) == "bad_reference"


def test_symlinks_that_stay_below_the_root_are_followed(root: MediaRoot, tmp_path: Path) -> None:
    (root.path / "latest").symlink_to("album")
    (root.path / "cover.jpg").symlink_to(root.path / "latest" / "a b%41ü.jpg")
    assert root.read("cover.jpg", LIMITS) == b"picture"
    alias = tmp_path / "alias"
    alias.symlink_to(root.path)
    assert MediaRoot(alias).read(str(alias / "cover.jpg"), LIMITS) == b"picture"
    assert MediaRoot(alias).read(str(root.path / "cover.jpg"), LIMITS) == b"picture"


def test_e28_only_regular_files_are_opened(root: MediaRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(root.path / "fifo.jpg")
    monkeypatch.chdir(root.path)  # the path of a UNIX socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        for reference in ("fifo.jpg", "socket.jpg", "album", ".", str(root.path)):
            assert refuse(root, reference) == "not_a_file", reference


def test_m1_m2_m20_missing_empty_and_large_files_have_their_reasons(root: MediaRoot) -> None:
    (root.path / "empty.jpg").touch()
    (root.path / "fits.jpg").write_bytes(bytes(1000))
    with (root.path / "large.jpg").open("wb") as sparse:
        sparse.truncate(1 << 40)
    assert refuse(root, "missing.jpg") == "missing_file"
    assert refuse(root, "album/a b%41ü.jpg/below-a-file.jpg") == "missing_file"
    assert refuse(root, "empty.jpg") == "empty_file"
    assert refuse(root, "large.jpg") == "file_too_large"
    assert len(root.read("fits.jpg", LIMITS)) == LIMITS.max_bytes


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is permitted to root")
def test_what_we_may_not_read_is_denied(root: MediaRoot) -> None:
    (root.path / "album" / "a b%41ü.jpg").chmod(0)
    assert refuse(root, "album/a b%41ü.jpg") == "permission_denied"


def test_a_root_that_is_gone_is_unavailable(root: MediaRoot) -> None:
    root.check()
    root.path.rename(root.path.with_name("unmounted"))
    with pytest.raises(Unavailable, match="media_root_unavailable"):
        root.read("album/a.jpg", LIMITS)
    with pytest.raises(Unavailable, match="media_root_unavailable"):
        root.check()
    root.path.touch()
    with pytest.raises(Unavailable, match="media_root_unavailable"):
        root.check()
    with pytest.raises(Unavailable, match="media_root_unavailable"):
        root.read("album/a.jpg", LIMITS)


def test_a_missing_file_in_an_empty_root_means_it_is_not_mounted(tmp_path: Path) -> None:
    root = MediaRoot(tmp_path)
    with pytest.raises(Unavailable, match="media_root_unavailable"):
        root.read("a.jpg", LIMITS)
    root.check()
    with pytest.raises(Unavailable):
        root.check(expect_files=True)
    (tmp_path / "b.jpg").touch()
    root.check(expect_files=True)
    assert refuse(root, "a.jpg") == "missing_file"


def test_a_root_without_its_sentinel_is_away_whatever_else_is_in_it(root: MediaRoot) -> None:
    guarded = MediaRoot(root.path, sentinel=".bildwerk-root")
    for reference in ("album/a b%41ü.jpg", "nowhere.jpg"):
        with pytest.raises(Unavailable, match="media_root_unavailable"):
            guarded.read(reference, LIMITS)
    with pytest.raises(Unavailable):
        guarded.check()

    (root.path / ".bildwerk-root").touch()
    assert guarded.read("album/a b%41ü.jpg", LIMITS) == b"picture"
    assert refuse(guarded, "nowhere.jpg") == "missing_file"
    guarded.check(expect_files=True)


def test_a_root_that_was_a_mount_point_has_to_stay_one(root: MediaRoot) -> None:
    """What is left of a mount when it is gone: an ordinary folder, and there may be files in it."""
    assert not MediaRoot.note(root.path).mounted
    left = MediaRoot(root.path, mounted=True)
    for reference in ("album/a b%41ü.jpg", "nowhere.jpg"):
        with pytest.raises(Unavailable, match="media_root_unavailable"):
            left.read(reference, LIMITS)


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="no mount point to look at")
def test_a_mount_point_is_noted(tmp_path: Path) -> None:
    alias = tmp_path / "alias"
    alias.symlink_to("/proc")
    for path in (Path("/proc"), alias):
        assert MediaRoot.note(path).mounted
        MediaRoot.note(path).check()


def test_a_relative_root_may_be_given(root: MediaRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.path.parent)
    relative = MediaRoot(Path("media"))
    assert relative.read("album/a b%41ü.jpg", LIMITS) == b"picture"
    assert relative.read(str(root.path / "album" / "a b%41ü.jpg"), LIMITS) == b"picture"
    assert refuse(relative, "../secret.jpg") == "bad_reference"


def test_no_descriptor_stays_open(root: MediaRoot) -> None:
    def count() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    before = count()
    for reference in ("album/a b%41ü.jpg", "album/missing.jpg", "album", "../x"):
        for _ in range(5):
            try:
                root.read(reference, LIMITS)
            except Invalid:
                continue
    assert count() == before


STEPS = st.sampled_from(
    [
        "..",
        ".",
        "",
        "/",
        "album",
        "up",
        "out",
        "secret.jpg",
        "media",
        "etc",
        "passwd",
        "~",
        "%2e%2e",
    ]
) | st.text(max_size=6)


@given(
    steps=st.lists(STEPS, max_size=7),
    lead=st.sampled_from(["", "/", "//", "file:", "file://", "R"]),
)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_reference_ever_leads_out_of_the_root(root: MediaRoot, steps: list[str], lead: str) -> None:
    for name, target in (("up", ".."), ("out", str(root.path.parent)), ("passwd", "/etc/passwd")):
        if not (root.path / name).is_symlink():
            (root.path / name).symlink_to(target)
    reference = lead.replace("R", f"{root.path}/") + "/".join(steps)
    try:
        data = root.read(reference, LIMITS)
    except Invalid:
        return
    assert data == b"picture"
