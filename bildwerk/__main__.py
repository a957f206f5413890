"""`python -m bildwerk`: the same as the command `bildwerk`."""

from bildwerk.cli import main

main()
