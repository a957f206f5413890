"""The peers' no-op: how fast what people would use instead hands over events about which nothing is done."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from bench.comparison import Plan
from bench.peers.contestants import BATCHES, PEERS, Contestant, find_missing, install_missing
from bench.peers.idle import measure_idle
from consumers.kafka import KafkaSettings

IDLERS = (*PEERS[:-2], BATCHES, *PEERS[-2:])
LONG = 15
"""About so many seconds a peer is measured; on a busy machine it takes four times as long, and two minutes it may."""


def list_idlers(plan: Plan, events: int) -> Mapping[str, Callable[[KafkaSettings], Awaitable[float]]]:
    """What measures events per second on a broker, by name; a topic of its own has at most so many `events`."""
    return {
        f"no-op of {peer.name}": partial(_idle, peer, min(events, LONG * peer.nothing), plan.folder)
        for peer in _find_peers(quick=plan.quick)
    }


async def _idle(peer: Contestant, events: int, folder: Path, kafka: KafkaSettings) -> float:
    return await measure_idle(kafka.servers[0], peer, events, folder / kafka.group)


def _find_peers(*, quick: bool) -> Sequence[Contestant]:
    """Those that are or can be installed; if `quick`, one of each environment that is."""
    if not quick:
        install_missing()
    absent = find_missing()
    there = [peer for peer in IDLERS if peer.environment not in absent]
    if quick:
        return [*{peer.environment: peer for peer in there}.values()]
    if missing := [peer.name for peer in IDLERS if peer not in there]:
        print(f"no-op: not measured, for they cannot be installed here: {'; '.join(missing)}")
    return there
