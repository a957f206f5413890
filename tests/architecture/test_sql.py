import ast
import re
from collections.abc import Iterator
from pathlib import Path

STATEMENT = re.compile(
    r"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|TRUNCATE\s|WITH\s+\w+\s+AS\s"
    r"|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|SCHEMA|DATABASE|ROLE)\s)",
    re.IGNORECASE,
)
PROBE = "SELECT 1"  # asks whether anybody is there, not for anything
ALLOWED = {
    "db/catalogue.py": "statements for people, who may run them or not",
    "bildwerk/sandbox/postgres.py": "the database that the migrations need first",
}


def find_statements(path: Path) -> Iterator[str]:
    """Yield the string literals that are SQL; docstrings are prose."""
    tree = ast.parse(path.read_text())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in prose:
            continue
        if isinstance(node.value, str) and node.value != PROBE and STATEMENT.match(node.value):
            yield f"{path}:{node.lineno}"


def test_sql_lives_in_sql_files(sources: list[Path], root: Path) -> None:
    found = [place for path in sources if str(path.relative_to(root)) not in ALLOWED for place in find_statements(path)]
    assert found == []


def test_a_statement_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text('"""Select the prose."""\nQUERY = f"SELECT {1} FROM media"\n')
    assert list(find_statements(tmp_path / "module.py")) == [f"{tmp_path / 'module.py'}:2"]
