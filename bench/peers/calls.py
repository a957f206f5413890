"""What the simulated Ollama's log says of a run. Nothing here does I/O."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.peers.workloads import JOBS, Message


@dataclass(frozen=True, slots=True)
class Call:
    """One call that got a slot; `end` is None while it runs. Seconds of the server's clock."""

    message: Message
    start: float
    end: float | None


def read_calls(listed: Iterable[Mapping[str, Any]]) -> list[Call]:
    """The calls of the log in the order of their starts, probes aside."""
    calls = [
        Call(Message(int(call["media"]), call["job"]), call["start"], call["end"])
        for call in listed
        if not call["probe"] and call["start"] is not None
    ]
    return sorted(calls, key=lambda call: call.start)


def measure_span(calls: Sequence[Call]) -> float:
    """Seconds from the first start to the last end."""
    return max(call.end or call.start for call in calls) - calls[0].start


def count_repeats(calls: Sequence[Call]) -> int:
    """How many calls there were beyond one for each message."""
    return len(calls) - len({call.message for call in calls})


def count_inversions(calls: Sequence[Call]) -> int:
    """How many calls started although a later one of the same medium had started before."""
    return sum(
        any(_place(before) > _place(call) for before in chain[:number])
        for chain in _chains(calls)
        for number, call in enumerate(chain)
    )


def count_overlaps(calls: Sequence[Call]) -> int:
    """How many calls started while another of the same medium ran."""
    return sum(
        any(before.end is None or before.end > call.start for before in chain[:number])
        for chain in _chains(calls)
        for number, call in enumerate(chain)
    )


def _place(call: Call) -> int:
    return JOBS.index(call.message.job)


def _chains(calls: Sequence[Call]) -> list[list[Call]]:
    chains = defaultdict[int, list[Call]](list)
    for call in calls:
        chains[call.message.media_id].append(call)
    return list(chains.values())
