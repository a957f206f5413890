import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


def test_every_package_is_built_and_linted(root: Path, project: dict[str, Any]) -> None:
    packages = {path.parent.name for path in root.glob("*/__init__.py")} - {"bench", "tests"}
    assert packages == set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert packages == set(project["tool"]["importlinter"]["root_packages"])


def test_every_folder_of_a_room_is_a_package(sources: list[Path]) -> None:
    assert [str(path) for path in sources if not (path.parent / "__init__.py").exists()] == []


def test_imports_point_downwards(root: Path) -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    result = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_the_linter_sees_a_broken_rule(root: Path, tmp_path: Path, project: dict[str, Any]) -> None:
    for room in project["tool"]["importlinter"]["root_packages"]:
        shutil.copytree(root / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    with (tmp_path / "handlers" / "stages" / "title.py").open("a") as stage:
        stage.write("\nimport handlers.stages.caption\nimport db.pool\n")
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    result = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    broken = {line for line in result.stdout.splitlines() if line.endswith("BROKEN")}
    assert broken == {"Stages are strangers to each other BROKEN", "Stages and the plan do no I/O BROKEN"}


def test_clock_and_environment_are_read_at_the_top_only(root: Path) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", "."]
    result = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
