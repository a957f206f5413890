"""Two things at once: how the ledger stands before, who does what, and what must have come of it in every order."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.ledger_rules.barriers import Act, Order
from tests.ledger_rules.bench import Bench

Acts = tuple[Act, Act]
Arrange = Callable[[Bench], Awaitable[Acts]]
Verify = Callable[[Bench, Order], Awaitable[None]]


@dataclass(frozen=True)
class Pair:
    """`serial`: every order comes to what one of the two gives that do not overlap.

    It need not where somebody acts in several transactions: then there are more than two of these. `relayed`: the
    outbox does not tell everything any more. `stops` are the statements with a barrier, where those that touch nothing
    in common would make the orders too many.
    """

    arrange: Arrange
    verify: Verify
    serial: bool = True
    relayed: bool = False
    stops: str = ""

    @property
    def id(self) -> str:
        """Who meets whom."""
        return self.arrange.__name__


PAIRS: list[Pair] = []


def pair(
    verify: Verify, *, serial: bool = True, relayed: bool = False, stops: str = ""
) -> Callable[[Arrange], Arrange]:
    """The function arranges the two; `verify` is asked after every order."""

    def keep(arrange: Arrange) -> Arrange:
        PAIRS.append(Pair(arrange, verify, serial, relayed, stops))
        return arrange

    return keep


async def read_state(bench: Bench) -> Any:
    """All that an order leaves, without moments and serial numbers."""
    fetch = bench.ledger.pool.fetch
    jobs = await fetch(
        "SELECT media_id, job_type, status, reason, generation, forced, attempt, fingerprint FROM bildwerk.jobs"
        " ORDER BY 1, 2"
    )
    media = await fetch(
        "SELECT id, seen, inspected_mark, content_hash, inspect_at IS NOT NULL, deleted_at IS NOT NULL,"
        " purged_at IS NOT NULL, due, lease_no, owner IS NOT NULL, until > now(), lost FROM bildwerk.media ORDER BY 1"
    )
    meta = await fetch("SELECT * FROM media_meta ORDER BY 1, 2")
    written = await fetch("SELECT media_id, field, value, content_hash FROM bildwerk.written ORDER BY 1, 2")
    runs = await fetch("SELECT id, outcome, reason FROM bildwerk.runs ORDER BY 1")
    told = await fetch(
        "SELECT payload ->> 'job_type', payload ->> 'outcome', payload ->> 'reason', payload ->> 'generation'"
        " FROM bildwerk.outbox ORDER BY id"
    )
    return repr([[tuple(row) for row in rows] for rows in (jobs, media, meta, written, runs, told)])
