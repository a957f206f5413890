"""What `bildwerk doctor` says of the places where pictures may be."""

from pathlib import Path
from typing import Any

import pytest

from bildwerk.cli.config import show
from bildwerk.cli.stores import examine_stores
from bildwerk.sandbox.process import find_free_port
from bildwerk.settings import Settings

DSN = "postgresql://ingrid:geheim@db:5432/media"


async def examine(**settings: Any) -> list[tuple[str, bool]]:
    """(line, whether it is grave) of each finding."""
    found = [finding async for finding in examine_stores(Settings.model_validate({"database_url": DSN, **settings}))]
    return [(str(finding), bool(finding.wrong and not finding.warning)) for finding in found]


async def test_every_root_is_looked_at_under_its_name(tmp_path: Path) -> None:
    for name in ("media", "scans"):
        (tmp_path / name).mkdir()
    (tmp_path / "media" / "a.jpg").touch()
    fine, empty, warning, gone = await examine(
        media_root=tmp_path / "media",
        media_roots={"scans": tmp_path / "scans", "gone": tmp_path / "gone"},
    )

    assert fine == (f"ok    media root {tmp_path / 'media'}: fine", False)
    assert empty == (f"ok    media root scans ({tmp_path / 'scans'}): fine", False)
    assert warning[0].startswith(f"warn  media root scans ({tmp_path / 'scans'}): is empty")
    assert gone[1]
    assert "set BILDWERK_MEDIA_ROOTS" in gone[0]


async def test_a_root_without_a_name_may_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert await examine(media_roots={"scans": tmp_path}) == [(f"ok    media root scans ({tmp_path}): fine", False)]


async def test_a_missing_sentinel_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    settings = {"media_root": tmp_path, "media_root_sentinel": ".here"}
    ((line, grave),) = await examine(**settings)
    assert grave
    assert f"touch {tmp_path}/.here" in line

    (tmp_path / ".here").touch()
    assert not any(grave for _, grave in await examine(**settings))


@pytest.mark.skipif(not Path("/proc").is_mount(), reason="no mount point to look at")
async def test_a_mount_point_without_a_sentinel_is_worth_a_warning() -> None:
    _, (line, grave) = await examine(media_root=Path("/proc"))
    assert not grave
    assert "touch /proc/.bildwerk-root" in line
    assert "BILDWERK_MEDIA_ROOT_SENTINEL=.bildwerk-root" in line


async def test_a_bucket_that_cannot_be_listed_is_grave(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    endpoint = f"http://127.0.0.1:{find_free_port()}"
    settings = {"s3_buckets": ("photos",), "s3_endpoint": endpoint, "reference_seconds": 2}
    (_, (line, grave)) = await examine(media_root=tmp_path, **settings)
    assert grave
    assert line.startswith("FAIL  bucket s3://photos: cannot be listed")


async def test_an_open_web_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (_, (line, grave)) = await examine(media_root=tmp_path, http_references=("*",))
    assert not grave
    assert line.endswith("from any host")


def test_no_secret_is_shown() -> None:
    settings = Settings.model_validate(
        {"database_url": DSN, "s3_access_key_id": "AKIA", "s3_secret_access_key": "a/b+c"}
    )
    assert show(settings.s3_secret_access_key) == show(settings.s3_access_key_id) == "********"
    assert show({"photos": Path("/mnt/photos"), "scans": Path("/b")}) == "photos=/mnt/photos,scans=/b"
