"""The command line: `python -m bench [NAME...]`."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from rich.console import Console

from bench import (
    ahead,
    claims,
    decode,
    displacement,
    duplicates,
    hop,
    layouts,
    prefix,
    redecide,
    replay,
    saturation,
    scale,
    slots,
    transport,
)
from bench.comparison import Plan
from bench.peers import part as peers
from bench.session import run_all
from bildwerk.demo.surroundings import forget_services
from bildwerk.telemetry import logs

COMPARISONS = {
    module.COMPARISON.name: module.COMPARISON
    for module in (
        layouts,
        prefix,
        displacement,
        transport,
        replay,
        redecide,
        slots,
        ahead,
        saturation,
        hop,
        scale,
        claims,
        peers,
        duplicates,
        decode,
    )
} | {one.name: one for one in saturation.ALL_DAY}

RESULTS, SCRATCH = Path("bench/results"), Path("bench-output")
WIDTH = 100
"""Columns of a table; a file or a pipe knows no width."""


def _arguments() -> argparse.Namespace:
    about = "; ".join(f"{comparison.name}: {comparison.about}" for comparison in COMPARISONS.values())
    parser = argparse.ArgumentParser("bench", description=f"Measure bildwerk on this machine. {about}.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure (default: {', '.join(COMPARISONS)})")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each comparison (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="small amounts: shows that it runs, measures nothing")
    parser.add_argument("--more", action="store_true", help="add the rounds to those that are kept, as if measured on")
    parser.add_argument("--model", default="", help="a model of a real Ollama, for prefix and displacement")
    parser.add_argument("--ollama", default="", metavar="HOST", help="where it is (default with --model: OLLAMA_HOST)")
    parser.add_argument("--output", type=Path, help=f"folder (default: {RESULTS}; {SCRATCH} if quick)")
    arguments = parser.parse_args()
    arguments.output = arguments.output or (SCRATCH if arguments.quick else RESULTS)
    if unknown := sorted(set(arguments.names) - set(COMPARISONS)):
        parser.error(f"there is no {', '.join(unknown)}")
    arguments.ollama = arguments.ollama or os.environ.get("OLLAMA_HOST", "") if arguments.model else arguments.ollama
    if bool(arguments.ollama) != bool(arguments.model):
        parser.error("a real Ollama needs both: --model, and --ollama or OLLAMA_HOST")
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    return arguments


def main() -> int:
    """Measure what was asked for; the exit status is 1 when something broke, 130 after Ctrl-C."""
    arguments = _arguments()
    forget_services()
    chosen = [COMPARISONS[name] for name in dict.fromkeys(arguments.names or COMPARISONS)]
    arguments.output.mkdir(parents=True, exist_ok=True)
    with (arguments.output / "bench.log").open("w") as log:
        logs.configure(stream=log)
        sys.excepthook = sys.__excepthook__  # what breaks here is for the person who measures, not for the log
        console = Console()
        console.width = max(console.width, WIDTH)
        plan = partial(Plan, arguments.rounds, quick=arguments.quick, ollama=arguments.ollama, model=arguments.model)
        return run_all(chosen, plan, arguments.output, console, more=arguments.more)


if __name__ == "__main__":
    sys.exit(main())
