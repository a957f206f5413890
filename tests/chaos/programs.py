"""All programs, in the order of the catalogue's numbers."""

from tests.chaos import (
    absent_broker,
    cut_connections,
    frozen_processes,
    held_locks,
    lost_answers,
    rebalances,
    relays,
    repeated_events,
    replays,
    restarts,
    slow_model,
    stops,
)
from tests.chaos.program import Program

MODULES = (
    frozen_processes,
    cut_connections,
    restarts,
    held_locks,
    absent_broker,
    rebalances,
    slow_model,
    repeated_events,
    stops,
    relays,
    lost_answers,
    replays,
)
PROGRAMS: dict[str, Program] = {module.PROGRAM.name: module.PROGRAM for module in MODULES}
