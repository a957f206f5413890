"""One safeguard of the ledger, what takes it away, and the tests that must miss it."""

from dataclasses import dataclass

from tests.mutating import Edit

ROWS = "tests/ledger_rules/test_transitions.py::test_a_row_of_the_table"
ORDERS = "tests/ledger_rules/test_orders.py::test_every_order_of_two_keeps_the_ledger_true"


@dataclass(frozen=True)
class Safeguard:
    """`rule` is P1 to P26, or the name of one of the safeguards that were asked for by name; `what` says what it is."""

    rule: str
    what: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


def safeguard(rule: str, what: str, tests: str, *edits: Edit) -> Safeguard:
    """`tests`, by blanks: paths below tests/, `row:` with the id of a transition, `order:` with that of a pair."""
    return Safeguard(rule, what, edits, tuple(map(_name, tests.split())))


def _name(test: str) -> str:
    kind, _, rest = test.partition(":")
    match kind:
        case "row":
            return f"{ROWS}[{rest}]"
        case "order":
            return f"{ORDERS}[{rest}]"
        case _:
            return f"tests/{test}"
