"""All programs, in the order of the catalogue's numbers."""

from tests.chaos import cut_connections, frozen_processes, lost_answers, restarts
from tests.chaos.program import Program

PROGRAMS: dict[str, Program] = {
    module.PROGRAM.name: module.PROGRAM for module in (frozen_processes, cut_connections, restarts, lost_answers)
}
