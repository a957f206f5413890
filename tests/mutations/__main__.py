"""Take each safeguard of the ledger away, in a copy of the product, and show which tests turned red.

Usage: `python -m tests.mutations [RULE ...] [--write]`; `--write` keeps the table in docs/reliability-rules.md. Not run
by pytest. Exit status 1: a test stayed green, so it proves nothing; 2: one is red without any change.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from tests.mutating import COPIES, Copies, make_copies
from tests.mutations.page import PAGE, write_page
from tests.mutations.safeguard import Safeguard
from tests.mutations.safeguards import SAFEGUARDS


def main(arguments: list[str]) -> int:
    """Try every safeguard, or those of the rules named."""
    rules = [each for each in arguments if not each.startswith("--")]
    wanted = [each for each in SAFEGUARDS if not rules or each.rule in rules]
    began, stayed_green = monotonic(), 0
    with make_copies() as copies, ThreadPoolExecutor(COPIES) as pool:
        every = sorted({test for each in wanted for test in each.tests})
        if red := copies.try_out("nothing", (), every):
            print(f"red as it is: {', '.join(sorted(red))}")  # noqa: T201
            return 2
        found: list[tuple[Safeguard, dict[str, bool]]] = []
        for each, seen in zip(wanted, pool.map(lambda one: try_out(copies, one), wanted), strict=True):
            found.append((each, seen))
            for test, turned_red in seen.items():
                print(f"{each.rule:<20} {each.what:<64} {'red' if turned_red else 'STAYED GREEN'}: {test}", flush=True)  # noqa: T201
            stayed_green += sum(not turned_red for turned_red in seen.values())
    print(f"{len(wanted)} safeguards, {stayed_green} tests stayed green, {monotonic() - began:.0f} s")  # noqa: T201
    if "--write" in arguments and not rules and not stayed_green:
        PAGE.write_text(write_page(found), "utf-8")
    return 1 if stayed_green else 0


def try_out(copies: Copies, each: Safeguard) -> dict[str, bool]:
    """Which of its tests turned red; one with parameters did when any of them did."""
    red = copies.try_out(each.what, each.edits, each.tests)
    return {test: any(name == test or name.startswith(f"{test}[") for name in red) for test in each.tests}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
