"""The command line: `python -m bench.quality [NAME...]`."""

import argparse
import os
import sys
import time
from pathlib import Path
from subprocess import CalledProcessError

# The threads of a library of linear algebra only get into each other's way here; it reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from rich.console import Console
from rich.progress import Progress

from bench.quality import duplicates, measured, policy, report
from bench.quality.parts import Part, Plan, Section
from bench.quality.prompts import attributions, extraction, guessing, photographs
from bench.quality.tags import drawn, merging

PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        measured.PART,
        policy.PART,
        merging.PART,
        extraction.PART,
        guessing.PART,
        attributions.PART,
        duplicates.PART,
        photographs.PART,
        drawn.PART,
    )
}
UNASKED = tuple(name for name, part in PARTS.items() if part not in (photographs.PART, drawn.PART))
"""What is measured where nothing is named: it needs no network."""

WIDTH = 160
"""Columns of a table; a file or a pipe knows no width."""


def _arguments() -> argparse.Namespace:
    about = "; ".join(f"{part.name}: {part.about}" for part in PARTS.values())
    parser = argparse.ArgumentParser(
        "bench.quality", description=f"Measure, without a model, how well we judge. {about}."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure (default: {', '.join(UNASKED)})")
    parser.add_argument("--quick", action="store_true", help="small amounts: shows that it runs, measures nothing")
    parser.add_argument(
        "--docs", type=Path, help="folder whose quality.md gets the tables (default: docs; none if quick)"
    )
    parser.add_argument("--output", type=Path, default=Path("bench-output"), help="folder (default: %(default)s)")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(PARTS)):
        parser.error(f"there is no {', '.join(unknown)}")
    if arguments.docs is None and not arguments.quick:
        arguments.docs = Path("docs")
    return arguments


def _measure(part: Part, *, quick: bool, console: Console) -> Section:
    with Progress(console=console) as progress:
        task = progress.add_task(part.name)
        return part.measure(Plan(quick, lambda done, of: progress.update(task, completed=done, total=of)))


def main() -> int:
    """Measure what was asked for; the exit status is 130 after Ctrl-C."""
    arguments = _arguments()
    console = Console()
    console.width = max(console.width, WIDTH)
    sections = {}
    try:
        for name in dict.fromkeys(arguments.names or UNASKED):
            sections[name] = section = _measure(PARTS[name], quick=arguments.quick, console=console)
            for table in section.tables:
                console.print(report.draw(table))
            if arguments.docs is not None:
                report.write(arguments.docs, name, section)
    except KeyboardInterrupt:
        console.print("stopped")
        return 130
    except (FileNotFoundError, CalledProcessError) as problem:
        console.print(f"{name}: not measured, nothing is written of it: {problem}")
        return 1
    path = arguments.output / f"quality-{time.strftime('%Y%m%d-%H%M%S')}.json"
    report.keep(path, sections)
    console.print(f"written: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
