"""A media root on a file system that is really mounted, unmounted and mounted again, in a namespace of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
MOUNT = "mount -t tmpfs none root && printf picture > root/a.jpg && cp root/a.jpg root/c.jpg"
LOOK = """
import subprocess, sys
from pathlib import Path
from handlers.failures import Failure
from handlers.inspect.limits import PictureLimits
from handlers.inspect.references import MediaRoot

def look(root):
    for name in ("a.jpg", "b.jpg"):
        try:
            print(name, root.read(name, PictureLimits()).decode())
        except Failure as failure:
            print(name, failure.reason)

root = MediaRoot.note(Path("root"))
look(root)
subprocess.run(["umount", "root"], check=True)
look(root)
subprocess.run(["sh", "-c", sys.argv[1]], check=True)
look(root)
"""


def in_namespace(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it where it may mount and nobody else sees it."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(REPOSITORY)}
    whole = ["unshare", "--user", "--map-root-user", "--mount", *command]
    return subprocess.run(whole, cwd=folder, env=environment, check=False, capture_output=True, text=True)


def test_a_mount_that_goes_is_an_outage_and_one_that_comes_back_is_the_root_again(tmp_path: Path) -> None:
    """Below it are files, one of the same name; the device that comes back is another one."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.jpg").write_text("what lies below")
    if in_namespace(["sh", "-c", MOUNT], tmp_path).returncode:
        pytest.skip("this system lets nobody mount")

    whole = [f'{MOUNT} && exec "$@"', "sh", sys.executable, "-c", LOOK, MOUNT]
    result = in_namespace(["sh", "-c", *whole], tmp_path)

    assert result.stderr == ""
    there = ["a.jpg picture", "b.jpg missing_file"]
    away = ["a.jpg media_root_unavailable", "b.jpg media_root_unavailable"]
    assert result.stdout.splitlines() == [*there, *away, *there]
