"""Play programs of faults: `python -m tests.chaos [NAME...] [--seed N] [--quick]`."""

import argparse
import asyncio
import logging
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from bildwerk.demo.surroundings import forget_services
from tests.chaos import report
from tests.chaos.program import Outcome, Program, perform
from tests.chaos.programs import PROGRAMS
from tests.chaos.theatre import open_theatre


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("chaos", description="Break things while bildwerk works, and judge what is left.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to play (default: {', '.join(PROGRAMS)})")
    parser.add_argument("--seed", type=int, help="repeat a run: the seed that it printed")
    parser.add_argument("--quick", action="store_true", help="small numbers, as CI plays them")
    parser.add_argument("--output", type=Path, default=Path("chaos-output"), help="folder (default: %(default)s)")
    parser.add_argument("--record", action="store_true", help="write the log and the table into docs/")
    arguments = parser.parse_args()
    numbers = {program.number: name for name, program in PROGRAMS.items()}
    arguments.names = [numbers.get(name, name) for name in arguments.names]
    if unknown := sorted(set(arguments.names) - set(PROGRAMS)):
        parser.error(f"there is no {', '.join(unknown)}")
    return arguments


def tell(line: str) -> None:
    """Show what happens as it happens."""
    print(line, flush=True)  # noqa: T201


async def _play(chosen: Sequence[Program], seed: int, output: Path, *, quick: bool) -> list[Outcome]:
    """Each on its own; one that cannot be judged is told of, and the others go on."""
    outcomes: list[Outcome] = []
    async with open_theatre() as theatre:
        for program in chosen:
            tell(f"--- {program.number} {program.name}: {program.about} (--seed {seed})")
            try:
                outcome = await perform(program, theatre, seed, quick=quick, tell=tell)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are to be played
                tell(f"NOT JUDGED: {type(error).__name__}: {error}")
                outcome = report.not_judged(program, seed, error, quick=quick)
            outcomes.append(outcome)
            report.write(output, outcomes)
    return outcomes


def main() -> int:
    """Play what was asked for; the exit status is 1 where an invariant did not hold."""
    arguments = _arguments()
    forget_services()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)  # it tells of every connection that we have it lose
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    chosen = [PROGRAMS[name] for name in arguments.names or PROGRAMS]
    outcomes = asyncio.run(_play(chosen, seed, arguments.output, quick=arguments.quick))
    print(report.draw(outcomes))  # noqa: T201
    if arguments.record:
        report.record(outcomes)
    return int(any(outcome.broken for outcome in outcomes))


sys.exit(main())
