"""Ways to find the hashes within some bits of a given one: bildwerk's, and others that were thought of."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from contracts.perceptual import PerceptualHash
from db.likenesses import RADIUS, change_parts
from db.pool import Connection
from db.queries import load

OURS, FOUR, FIVE, READ = (
    "3 parts, 718 look-ups (bildwerk)", "4 parts, 188 look-ups", "5 parts, 57 look-ups", "every hash is read",
)  # fmt: skip
_CUTS = {FOUR: ("four", (0, 16, 32, 48, 64)), FIVE: ("five", (0, 13, 26, 39, 52, 64))}

_READ = """
SELECT 1, h.hash, bit_count((h.hash # a.hash)::bit(64)) FROM bildwerk.perceptual_hashes AS h
JOIN unnest($1::text[], $2::bigint[]) AS a (kind, hash) ON h.kind = a.kind::"char"
WHERE bit_count((h.hash # a.hash)::bit(64)) <= $3::integer
"""
_PART = """
SELECT 1, bildwerk.turn(n.turned, {back}), n.distance FROM asked AS a
CROSS JOIN unnest(${parameter}::bigint[]) AS change (bits) CROSS JOIN LATERAL (
    SELECT h.{column} AS turned, bit_count((h.{column} # bildwerk.turn(a.hash, {cut}))::bit(64)) AS distance
    FROM {table} AS h WHERE h.kind = a.kind
        AND h.{column} BETWEEN (bildwerk.turn(a.hash, {cut}) # change.bits) & {high}
            AND (bildwerk.turn(a.hash, {cut}) # change.bits) | {low}
        AND bit_count((h.{column} # bildwerk.turn(a.hash, {cut}))::bit(64)) <= $3::integer
    OFFSET 0
) AS n"""


_FILL = "INSERT INTO {table} (kind, hash) SELECT kind, hash FROM bildwerk.perceptual_hashes"


@dataclass(frozen=True, slots=True)
class Design:
    """A statement, and the bits to change in each part."""

    name: str
    statement: str
    changes: Sequence[Sequence[int]] = ()

    async def find(self, connection: Connection, one: PerceptualHash) -> set[tuple[int, int]]:
        """Hashes within the radius, with their distances."""
        async with connection.transaction():
            if self.changes:
                await connection.execute(load("likenesses")["likenesses_stay_in_the_indexes"])
            rows = await connection.fetch(self.statement, [one.kind], [one.value], RADIUS, *self.changes)
        return {(row[1], row[2]) for row in rows}


async def make_designs(connection: Connection) -> list[Design]:
    """All designs, with tables of the same hashes for those that are not bildwerk's."""
    ours = Design(OURS, load("likenesses")["likenesses_near"], change_parts(RADIUS))
    return [ours, *[await _make(connection, name) for name in _CUTS], Design(READ, _READ)]


async def _make(connection: Connection, name: str) -> Design:
    """A table with a turned hash for each part, and indexes that are denser than bildwerk's, which have grown."""
    table, cuts = _CUTS[name]
    turned = [f"turned_{cut} bigint GENERATED ALWAYS AS (bildwerk.turn(hash, {cut})) STORED" for cut in cuts[1:-1]]
    await connection.execute(f'CREATE TABLE {table} (hash bigint, kind "char", {", ".join(turned)})')
    await connection.execute(_FILL.format(table=table))
    for column in ["hash", *(f"turned_{cut}" for cut in cuts[1:-1])]:
        await connection.execute(f"CREATE INDEX ON {table} (kind, {column})")
    await connection.execute(f"VACUUM ANALYZE {table}")
    parts = [
        _PART.format(
            table=table, cut=cut, column=f"turned_{cut}" if cut else "hash", back=64 - cut if cut else 0,
            parameter=number + 4, low=(1 << 64 - width) - 1, high=-(1 << 64 - width),
        )
        for number, (cut, width) in enumerate(_measure(cuts))
    ]  # fmt: skip
    asked = 'SELECT kind::"char", hash FROM unnest($1::text[], $2::bigint[]) AS u (kind, hash)'
    return Design(name, f"WITH asked AS MATERIALIZED ({asked})" + " UNION ALL ".join(parts), _change(cuts))


def _measure(cuts: Sequence[int]) -> list[tuple[int, int]]:
    return [(start, end - start) for start, end in pairwise(cuts)]


def _change(cuts: Sequence[int]) -> list[list[int]]:
    """As `db.likenesses.change_parts` does for three parts."""
    spare, rest = divmod(RADIUS - len(cuts) + 2, len(cuts) - 1)
    changes = []
    for number, (_, width) in enumerate(_measure(cuts)):
        most = spare + (number < rest)
        bits = [sum(1 << 63 - bit for bit in some) for n in range(most + 1) for some in combinations(range(width), n)]
        changes.append([change - (1 << 64) if change >> 63 else change for change in bits])
    return changes
