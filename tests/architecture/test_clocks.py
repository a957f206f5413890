"""F17: nobody asks what time of day it is: moments are of PostgreSQL's clock, time-outs of the monotonic one."""

import ast
from collections.abc import Iterator
from pathlib import Path

WALL = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime", "clock_gettime"}
OWNERS = {"datetime", "date", "time"}
ASKED: dict[str, str] = {
    "bildwerk/cli/moments.py": "a person says `2 hours ago`",
    "bildwerk/sandbox/simulated_ollama/api.py": "the real one tells when it answered",
    "bildwerk/sandbox/simulated_ollama/calls.py": "its log is compared with other processes'",
    "bildwerk/sandbox/simulated_ollama/replies.py": "the real one tells when it answered",
    "bildwerk/sandbox/simulated_ollama/runner.py": "its log is compared with other processes'",
    "bildwerk/wiring.py": "that the machine slept is seen in how far it is from the monotonic one",
    "handlers/inspect/renditions.py": "how old a file is that a dead process left: files carry the time of day",
}
DATABASE = {"localtimestamp", "current_timestamp", "current_date", "localtime"}


def find_wall_clock(path: Path) -> Iterator[int]:
    """Yield the lines that read the wall clock."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ImportFrom(module="time", names=names, lineno=line) if {alias.name for alias in names} & WALL:
                yield line
            case ast.Attribute(value=ast.Name(id=owner), attr=name, lineno=line) if owner in OWNERS and name in WALL:
                yield line


def test_the_wall_clock_is_read_at_named_places_only(sources: list[Path], root: Path) -> None:
    found = {str(path.relative_to(root)) for path in sources if list(find_wall_clock(path))}
    assert found == set(ASKED)


def test_leases_and_delays_are_of_the_databases_clock(root: Path) -> None:
    """No statement is given a moment to compare with: only intervals are."""
    statements = {path: path.read_text() for path in sorted((root / "db" / "sql").glob("*.sql"))}
    assert [path.name for path, text in statements.items() if any(word in text.lower() for word in DATABASE)] == []
    leases = statements[root / "db" / "sql" / "leases.sql"] + statements[root / "db" / "sql" / "slots.sql"]
    assert "now() + $" in leases
    assert "::timestamptz" not in leases
