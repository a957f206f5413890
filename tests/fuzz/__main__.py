"""`python -m tests.fuzz [TARGET ...] [--seconds 600] [--folder F] [--seed N]`, or `--replay FILE` for one input."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.fuzz.fuzzing import fuzz
from tests.fuzz.target import TRACED, load_target


def main() -> int:
    """Fuzz one target after the other; 1: something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TRACED))
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("--folder", type=Path, help="where corpus and finds are kept")
    parser.add_argument("--seed", type=int, default=random.randrange(1, 2**31))
    parser.add_argument("--replay", type=Path, metavar="FILE", help="try one input that was found")
    given = parser.parse_args()
    if given.replay is not None:
        load_target(given.replay.name.partition("-")[0]).look(given.replay.read_bytes())
        print("nothing is wrong with it any more")
        return 0
    folder = given.folder or Path(tempfile.mkdtemp(prefix="bildwerk-fuzz-"))
    found = 0
    for name in given.targets or [name for name in TRACED if name != "planted"]:
        hunt = fuzz(name, given.seconds, folder.resolve(), given.seed)
        print(f"{name}: {hunt.tried} inputs in {given.seconds} s with --seed {given.seed}, ", end="")
        print("nothing found" if hunt.found is None else f"found:\n{hunt.advice}", flush=True)
        found += hunt.found is not None
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
