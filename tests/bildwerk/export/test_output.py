"""Where lines go: a file is there whole, or as it was before."""

import os
from pathlib import Path

import pytest

from bildwerk.export.output import open_output


def break_off(path: Path) -> None:
    with open_output(str(path)) as file:
        file.write(b"half")
        file.flush()
        raise KeyboardInterrupt


def test_what_is_broken_off_leaves_the_file_of_before(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        break_off(path)

    assert path.read_bytes() == b"before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_new_file_has_the_usual_mode_and_one_behind_a_link_is_replaced_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "out").touch(mode=0o640)
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "out")
    for name in ("new", "link"):
        with open_output(str(tmp_path / name)) as file:
            file.write(b"x")

    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert (tmp_path / "folder" / "out").read_bytes() == b"x"
    assert (tmp_path / "link").is_symlink()


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with open_output(str(tmp_path / "pipe")) as file:
        file.write(b"x")

    assert os.read(reader, 10) == b"x"
    os.close(reader)
