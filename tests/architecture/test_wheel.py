import subprocess
import sys
import zipfile
from pathlib import Path

ROOMS = {"contracts", "db", "handlers", "consumers", "bildwerk"}


def test_the_wheel_holds_the_rooms_with_their_data_and_nothing_else(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("bildwerk-*-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == ROOMS
    data = {str(path.relative_to(root)) for path in (root / "db").rglob("*.sql")}
    assert data
    assert data | {"bildwerk/sandbox/kafka.pom.xml"} <= set(names)
    program = "import bildwerk.cli, consumers, contracts, db, handlers"
    isolated = f"import sys; sys.path.insert(0, {str(wheel)!r}); {program}; print(bildwerk.cli.__file__)"
    result = subprocess.run(
        [sys.executable, "-P", "-c", isolated], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert str(wheel) in result.stdout
