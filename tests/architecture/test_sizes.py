"""Small functions, small files; whoever needs more says here why."""

import ast
from collections.abc import Iterator
from pathlib import Path

FUNCTION_LINES = 40
FILE_LINES = 250
LONG_FUNCTIONS: dict[str, str] = {}
LONG_FILES: dict[str, str] = {}


def find_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the name and length of every function: signature, docstring and body."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno
            yield node.name, node.end_lineno - node.lineno + 1


def test_functions_are_short(sources: list[Path], root: Path) -> None:
    lengths = {f"{path.relative_to(root)}:{name}": n for path in sources for name, n in find_functions(path)}
    assert {name: n for name, n in lengths.items() if n > FUNCTION_LINES and name not in LONG_FUNCTIONS} == {}
    assert [name for name in LONG_FUNCTIONS if lengths.get(name, 0) <= FUNCTION_LINES] == []


def test_files_are_short(sources: list[Path], root: Path) -> None:
    lengths = {str(path.relative_to(root)): len(path.read_text().splitlines()) for path in sources}
    assert {name: n for name, n in lengths.items() if n > FILE_LINES and name not in LONG_FILES} == {}
    assert [name for name in LONG_FILES if lengths.get(name, 0) <= FILE_LINES] == []
