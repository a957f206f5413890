"""All programs, in the order of the catalogue's numbers."""

from tests.chaos import (
    absent_broker,
    cut_connections,
    frozen_processes,
    held_locks,
    lost_answers,
    relays,
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
    slow_model,
    stops,
    relays,
    lost_answers,
)
PROGRAMS: dict[str, Program] = {module.PROGRAM.name: module.PROGRAM for module in MODULES}
