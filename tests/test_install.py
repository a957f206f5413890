"""The first thing a newcomer meets: one clear line when this Python or this system will not do."""

import subprocess
import sys
from pathlib import Path

import pytest

INSTALL = Path(__file__).resolve().parents[1] / "requirements" / "install.py"
NO_VENV = "import sys; sys.modules['ensurepip'] = None"
OLD_PYTHON = "import sys; sys.version_info = (3, 10, 13)"
NEW_PYTHON = "import sys; sys.version_info = (3, 15, 0)"
MUSL = "import sys, platform; sys.platform = 'linux'; platform.libc_ver = lambda: ('', '')"
OLD_GLIBC = "import sys, platform; sys.platform = 'linux'; platform.libc_ver = lambda: ('glibc', '2.27')"


def run_install(tmp_path: Path, wanted: str, change: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of the script, in a folder of its own, after `change`."""
    (tmp_path / "requirements").mkdir()
    copy = tmp_path / "requirements" / "install.py"
    copy.write_text(INSTALL.read_text())
    run = f"import runpy; runpy.run_path({str(copy)!r}, None, '__main__')"
    program = f"{change}; sys.argv = ['install.py', {wanted!r}]; {run}"
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (OLD_PYTHON, "make PYTHON="),
        (NEW_PYTHON, "make PYTHON="),
        (NO_VENV, "apt install python3-venv"),
        (MUSL, "make install"),
        (OLD_GLIBC, "make install"),
    ],
)
def test_what_is_in_the_way_is_one_line(tmp_path: Path, change: str, advice: str) -> None:
    result = run_install(tmp_path, "demo", change)
    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("bildwerk: ")
    assert advice in result.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("wanted", ["runtime", "peers", "peers-quix"])
def test_the_runtime_alone_and_the_peers_need_no_embedded_wheels(tmp_path: Path, wanted: str) -> None:
    result = run_install(tmp_path, wanted, f"{MUSL}; {NO_VENV}")
    assert "python3-venv" in result.stderr
