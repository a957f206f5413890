"""The graph of pairs on a real PostgreSQL: what SQL says of it is what the words say."""

import random
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import pytest

from contracts.duplicates import ASKED, ASKS, Better, Level, Opinion, Relation, is_joined
from db import duplicates
from handlers.duplicates.report import add_opinions, write_report
from handlers.runner.planning import Planner
from tests.ledger import Ledger, choose

STATUSES = (None, "waiting", "due", "done", "skipped", "failed")


@dataclass
class Graph:
    """Media with pictures and pairs between them, written as they come to be, without a search."""

    ledger: Ledger

    async def add(self, count: int) -> list[int]:
        """Media with pictures of their own."""
        rows = await self.ledger.pool.fetch(
            "INSERT INTO media (path) SELECT n || '.jpg' FROM generate_series(1, $1::int) AS n RETURNING id", count
        )
        media = [row["id"] for row in rows]
        await self.ledger.pool.execute(
            "INSERT INTO bildwerk.pictures (content_hash, pixel_hash, width, height)"
            " SELECT 'c' || id, 'p' || id, 10 + id % 3, 10 FROM unnest($1::bigint[]) AS id",
            media,
        )
        await self.ledger.pool.execute(
            "INSERT INTO bildwerk.media (id, content_hash, seen)"
            " SELECT id, 'c' || id, true FROM unnest($1::bigint[]) AS id",
            media,
        )
        return media

    async def pair(
        self, one: int, other: int, level: Level, *, closed: bool = False, relation: Relation | None = None,
        decision: bool | None = None,
    ) -> None:  # fmt: skip
        """A pair, with what was said of it."""
        said: tuple[Any, ...] = (None, None, None)
        if relation is not None:
            said = (relation.value, "this", "Darker.")
        await self.ledger.pool.execute(
            "INSERT INTO bildwerk.duplicate_pairs"
            " (one, other, one_pixels, other_pixels, level, evidence, referee, closed, relation, keep, reason)"
            " VALUES ($1, $2, 'p' || $1::bigint, 'p' || $2::bigint, $3, '{}', $2, $4, $5, $6, $7)",
            one, other, level.value, closed, *said,
        )  # fmt: skip
        if decision is not None:
            await self.ledger.pool.execute(
                "INSERT INTO bildwerk.duplicate_decisions (one, other, one_pixels, other_pixels, same)"
                " VALUES ($1, $2, 'p' || $1::bigint, 'p' || $2::bigint, $3)",
                one, other, decision,
            )  # fmt: skip

    async def likeness(self, media_id: int) -> Any:
        async with self.ledger.pool.acquire() as connection:
            (snapshot,) = await Planner(choose(ASKS)).load(connection, [media_id])
        return snapshot.facts.likeness

    async def clear(self) -> None:
        for table in ("duplicate_pairs", "duplicate_decisions", "jobs", "media", "pictures"):
            await self.ledger.pool.execute(f"DELETE FROM bildwerk.{table}")  # noqa: S608 - our own words
        await self.ledger.pool.execute("DELETE FROM media")


@pytest.fixture
def graph(ledger: Ledger) -> Graph:
    """Return a library without anything in it."""
    return Graph(ledger)


async def test_the_view_joins_what_the_words_join(graph: Graph) -> None:
    """On every combination of level, relation and decision, from both sides."""
    every = list(product(Level, (None, *Relation), (None, True, False)))
    media = await graph.add(2 * len(every))
    expected: dict[tuple[int, int], bool] = {}
    for (level, relation, decision), one, other in zip(every, media[::2], media[1::2], strict=True):
        await graph.pair(one, other, level, relation=relation, decision=decision)
        joined = is_joined(level, relation, decision=decision)
        expected |= {(one, other): joined, (other, one): joined}

    rows = await graph.ledger.pool.fetch("SELECT media_id, neighbour, joins FROM bildwerk.likenesses")
    assert {(row["media_id"], row["neighbour"]): row["joins"] for row in rows} == expected


async def test_a_pair_is_awaited_while_the_newer_one_is_still_to_ask(graph: Graph) -> None:
    """On every combination of level, closed, decision and the newer one's verdict; and never from the newer side."""
    every = list(product(Level, (False, True), (None, True, False), STATUSES))
    media = await graph.add(2 * len(every))
    expected: dict[int, bool] = {}
    for (level, closed, decision, status), one, other in zip(every, media[::2], media[1::2], strict=True):
        await graph.pair(one, other, level, closed=closed, decision=decision)
        if status is not None:
            await graph.ledger.pool.execute(
                "INSERT INTO bildwerk.jobs (media_id, job_type, status, reason, generation)"
                " VALUES ($1, $2, $3, '', 0)",
                other, ASKS, status,
            )  # fmt: skip
        expected[one] = level in ASKED and not closed and decision is None and status in ("waiting", "due")
        expected[other] = False

    async with graph.ledger.pool.acquire() as connection:
        snapshots = await Planner(choose(ASKS)).load(connection, media)
    assert {s.facts.media_id: [p.awaited for p in s.facts.likeness.pairs] for s in snapshots} == {
        media_id: [awaited] for media_id, awaited in expected.items()
    }


@pytest.mark.parametrize("seed", range(4))
async def test_a_report_with_new_opinions_is_the_one_read_again(graph: Graph, seed: int) -> None:
    """On random graphs of six: what a referee writes with its answer is what the graph says once it is kept."""
    draw = random.Random(seed)
    for _ in range(15):
        await graph.clear()
        media = await graph.add(6)
        for one, other in combinations(media, 2):
            if draw.random() < 0.45:
                decision = draw.choice((None, None, None, True, False))
                relation = draw.choice((None, None, *Relation))
                closed = relation is not None or draw.random() < 0.3
                level = draw.choice(list(Level))
                await graph.pair(one, other, level, closed=closed, relation=relation, decision=decision)
        me = draw.choice(media[1:])
        before = await graph.likeness(me)
        asked = [p for p in before.pairs if p.referee and p.level in ASKED and p.decision is None and not p.closed]
        said = {
            p.media_id: draw.choice((None, Opinion(draw.choice(list(Relation)), draw.choice(list(Better)), "Darker.")))
            for p in asked
        }
        async with graph.ledger.pool.acquire() as connection, connection.transaction():
            await duplicates.opine(connection, me, 1, said)

        predicted, read = add_opinions(me, before, said), await graph.likeness(me)
        assert write_report(me, predicted) == write_report(me, read), (seed, before, said)


async def test_pairs_of_other_pixels_or_of_nobody_are_not_seen(graph: Graph) -> None:
    one, other, third = await graph.add(3)
    await graph.pair(one, other, Level.SAME_PICTURE)
    await graph.pair(one, third, Level.SAME_PICTURE, decision=False)
    pool = graph.ledger.pool

    async def seen() -> list[tuple[int, int]]:
        rows = await pool.fetch("SELECT media_id, neighbour FROM bildwerk.likenesses ORDER BY 1, 2")
        return [tuple(row) for row in rows]

    assert await seen() == [(one, other), (one, third), (other, one), (third, one)]
    await pool.execute("UPDATE bildwerk.pictures SET unreadable = 'poison' WHERE pixel_hash = 'p' || $1", str(third))
    assert await seen() == [(one, other), (other, one)]
    await pool.execute("UPDATE bildwerk.pictures SET pixel_hash = 'new' WHERE content_hash = 'c' || $1", str(other))
    assert await seen() == []


async def test_an_opinion_that_joins_two_groups_names_all_of_both(graph: Graph) -> None:
    first, second, third, me = await graph.add(4)
    await graph.pair(first, second, Level.SAME_BYTES)
    await graph.pair(second, me, Level.NEAR)
    await graph.pair(third, me, Level.SAME_PIXELS)
    before, said = await graph.likeness(me), {second: Opinion(Relation.SAME, Better.THIS, "Darker.")}
    async with graph.ledger.pool.acquire() as connection, connection.transaction():
        await duplicates.opine(connection, me, 1, said)

    predicted, read = add_opinions(me, before, said), await graph.likeness(me)
    assert write_report(me, read)["cluster"] == [first, second, third, me]
    assert write_report(me, predicted) == write_report(me, read)
