"""A child that decodes has given up the network, other programs, other processes, and changing files."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from handlers.inspect.limits import PictureLimits
from handlers.inspect.pool import PicturePool
from handlers.inspect.references import MediaRoot
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Sources
from tests.acceptance.pictures import draw

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="there is no filter for this system"
)

PROGRAM = """
import ctypes, fcntl, os, resource, socket, struct, sys
sys.path[:] = {path!r}
from handlers.inspect.confinement import confine
os.chdir({folder!r})
def queue_signal(pid):
    told = ctypes.c_char_p(struct.pack("iii", 0, 0, -1) + bytes(116))
    if ctypes.CDLL(None, use_errno=True).syscall(129, pid, 0, told):
        raise OSError(ctypes.get_errno(), "")
if not confine():
    sys.exit(77)
print(open("there").read())
try:
    {attempt}
except PermissionError:
    print("refused")
"""
ATTEMPTS = {
    "a socket": "socket.socket()",
    "a local socket": "socket.socketpair()",
    "another program": 'os.execv("/bin/true", ["true"])',
    "a command": 'os.system("true") and os.execv("/bin/true", ["true"])',
    "a signal to its parent": "os.kill(os.getppid(), 0)",
    "a queued signal": "queue_signal(os.getppid())",
    "a file that signals": "fcntl.fcntl(os.pipe()[0], 8, os.getppid())",
    "limits of its parent": "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)",
    "a priority": "os.setpriority(os.PRIO_PROCESS, os.getppid(), 0)",
    "a new file": 'os.open("new", os.O_RDONLY | os.O_CREAT)',
    "a file to be written": 'open("there", "a")',
    "a file to be emptied": 'os.open("there", os.O_RDONLY | os.O_TRUNC)',
    "truncating": 'os.truncate("there", 0)',
    "removing": 'os.unlink("there")',
    "renaming": 'os.rename("there", "elsewhere")',
    "a folder": 'os.mkdir("folder")',
    "a link": 'os.symlink("there", "link")',
    "a hard link": 'os.link("there", "link")',
    "a mode": 'os.chmod("there", 0o777)',
    "a time": 'os.utime("there")',
    "a FIFO": 'os.mkfifo("fifo")',
    "looking into its parent": (
        "ctypes.CDLL(None, use_errno=True).ptrace(16, os.getppid(), 0, 0) == -1 and ctypes.get_errno() == 1"
        " and os.kill(os.getppid(), 0)"
    ),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_it_is_refused(attempt: str, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("it can be read")
    program = PROGRAM.format(path=sys.path, folder=str(tmp_path), attempt=attempt)
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=120)
    if done.returncode == 77:
        pytest.skip("this kernel takes no filter")
    assert done.stdout.split("\n") == ["it can be read", "refused", ""], done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert (tmp_path / "there").read_text() == "it can be read"


async def test_children_are_confined(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "good.jpg").write_bytes(draw(1))
    sources, cache = Sources({"": MediaRoot(tmp_path / "media")}), RenditionCache(tmp_path / "cache", 1_000_000)
    async with PicturePool(sources, PictureLimits(), cache, 1) as pool:
        assert (await pool.inspect("good.jpg")).picture.unreadable is None
        (pid,) = pool.pids
        assert os.getsid(pid) == pid, "no terminal of ours"
        status = Path(f"/proc/{pid}/status").read_text()
    if "Seccomp:" not in status:
        pytest.skip("this kernel does not tell")
    assert "Seccomp:\t2" in status
