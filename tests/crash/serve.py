"""`python -m tests.crash.serve [COMMAND ...]`: the command line of bildwerk (`serve`), which dies at a point.

CRASH_AT is point:subject:number, CRASH_RECORD a file that gets a line; without them it is bildwerk as it is.
"""

import sys

from bildwerk.cli import main as run_command
from tests.crash.wounds import inflict_if_asked


def main() -> None:
    """Run a command."""
    sys.argv[1:] = sys.argv[1:] or ["serve"]
    inflict_if_asked()
    run_command()


if __name__ == "__main__":
    main()
