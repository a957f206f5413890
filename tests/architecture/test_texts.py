"""Nothing in the repository knows the machine it was written on, or where packages come from."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement

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
    named = {Requirement(line).name for group in groups for line in group if isinstance(line, str)}
    assert {name for name in named if f"`{name}`" not in decision} == set()


def test_what_is_imported_is_declared(root: Path, sources: list[Path]) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    declared = {Requirement(line).name for line in project["dependencies"]}
    optional = {Requirement(line).name for group in project["optional-dependencies"].values() for line in group}
    rooms = {"contracts", "db", "handlers", "consumers", "bildwerk"}
    imported = set().union(*map(list_imports, sources)) - rooms - sys.stdlib_module_names
    owners = packages_distributions()
    distributions = {re.sub("[-_.]+", "-", owners[name][0]).lower() for name in imported}
    distributions.discard("pydantic-core")  # pydantic's own, in exactly one version
    assert distributions - declared - optional == set()
    assert declared - distributions == set()


def list_imports(path: Path) -> set[str]:
    """Return the top-level names of everything the file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.split(".")[0] for name in names}
