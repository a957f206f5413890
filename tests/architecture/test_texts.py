"""Nothing in the repository knows the machine it was written on, or where packages come from."""

import re
import tomllib
from pathlib import Path

FORBIDDEN = re.compile(
    r"(?<![\w.$}])/(?:work|farm|root|Users/\w+|home/\w+)/"  # a machine's own folders
    r"|python" r"hosted\.org|//py" r"pi\.org|--(?:extra-)?index-" r"url|--find-" r"links",
)  # fmt: skip


def test_no_machine_path_and_no_registry(tracked: list[Path], root: Path) -> None:
    found = []
    for path in tracked:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(root)}: {match[0]}" for match in FORBIDDEN.finditer(text)]
    assert found == []


def test_every_dependency_earns_its_line(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    decision = (root / "docs" / "decisions" / "0004-dependencies.md").read_text()
    groups = [project["project"]["dependencies"], *project["project"]["optional-dependencies"].values()]
    groups += project["dependency-groups"].values()
    named = {line.split()[0] for group in groups for line in group if isinstance(line, str)}
    assert {name for name in named if f"`{name}`" not in decision} == set()
