"""CPU time of processes with all their children, dead ones too. Linux only: it is read in /proc."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

_PER_SECOND = os.sysconf("SC_CLK_TCK")


def measure_tree(pid: int) -> dict[str, float]:
    """CPU seconds so far of a process and those below it, by the name of the program."""
    parents, spent, names = {}, {}, {}
    for process, name, parent, seconds in _list_processes():
        parents[process], names[process], spent[process] = parent, name, seconds
    totals: dict[str, float] = defaultdict(float)
    for process, name in names.items():
        if _is_below(process, pid, parents):
            totals[name] += spent[process]
    return totals


def _is_below(process: int, pid: int, parents: dict[int, int]) -> bool:
    while process != pid and process in parents:
        process = parents[process]
    return process == pid


def _list_processes() -> Iterator[tuple[int, str, int, float]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:  # it ended meanwhile
            continue
        name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
        yield int(path.parent.name), name, int(rest[1]), sum(map(int, rest[11:15])) / _PER_SECOND
