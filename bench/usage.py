"""What processes use, as Linux tells it: CPU time and peak memory. Elsewhere nothing is known, and nothing is shown."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from db.pool import Connection

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


async def find_postgres(connection: Connection) -> int:
    """The process id of the server behind a connection to this machine."""
    return _read_stat(await connection.fetchval("SELECT pg_backend_pid()"))[0]


def take_cpu(*roots: int) -> float:
    """CPU seconds of these processes and their children until now, those that have ended too."""
    return sum(seconds for _, seconds in _list_spent(*roots))


def take_programs(root: int) -> dict[str, float]:
    """CPU seconds of a process and those below it until now, those that have ended too, by the name of the program."""
    totals: dict[str, float] = defaultdict(float)
    for name, seconds in _list_spent(root):
        totals[name] += seconds
    return totals


def take_running(pid: int) -> float:
    """Seconds that the process, by itself, was on a core until now: finer than `take_cpu`, for what takes no time."""
    return int((_PROC / str(pid) / "schedstat").read_text().split()[0]) / 1e9


def take_peak(pid: int) -> float:
    """The most memory (resident, MB) that the process ever had."""
    lines = (_PROC / str(pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def _list_spent(*roots: int) -> Iterator[tuple[str, float]]:
    """Program and CPU seconds of each; one that ends meanwhile is its parent's then."""
    for pid in _list_tree(set(roots)):
        with suppress(FileNotFoundError, ProcessLookupError):
            yield (_PROC / str(pid) / "comm").read_text().strip(), _read_stat(pid)[1]


def _list_tree(roots: set[int]) -> Iterable[int]:
    parents = dict(_list_parents())
    tree = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return tree


def _list_parents() -> Iterator[tuple[int, int]]:
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            try:
                yield int(entry.name), _read_stat(int(entry.name))[0]
            except (FileNotFoundError, ProcessLookupError):
                continue


def _read_stat(pid: int) -> tuple[int, float]:
    """Parent, and CPU seconds with those of children that have ended."""
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / _TICKS
