"""How fast pictures with near perceptual hashes are found, by the size of the library and by how they are indexed."""

import hashlib
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.designs import FIVE, FOUR, OURS, READ, Design, make_designs
from bench.hashes import COPIES, KINDS, Library, draw_questions, make_library
from bench.percentiles import take_percentile
from bench.services import create_database
from bildwerk.sandbox.stack import start_stack
from contracts.perceptual import PerceptualHash
from db import likenesses
from db.likenesses import RADIUS
from db.migrate import migrate
from db.pool import Connection, Database, connect

SIZES = {"10 thousand": 10_000, "100 thousand": 100_000, "1 million": 1_000_000}
SMALLEST, LARGEST = "10 thousand", "1 million"
TURNS = 8
ASKED = {"one": 1, "turns": TURNS * COPIES, "all": TURNS * COPIES * len(KINDS)}
"""Hashes of one search: one, all turns of both copies of one kind, and both kinds of hash."""
SEARCHES = {"one": 400, "turns": 100, "all": 100}
DESIGN_SEARCHES = {OURS: 400, FOUR: 400, FIVE: 400, READ: 10}
CHECKED = 5
PATIENCE = 900.0

PICTURES = """
WITH made AS (
    INSERT INTO bildwerk.pictures (content_hash)
    SELECT encode(sha256(n::text::bytea), 'hex') FROM generate_series(1, $1::int) AS n RETURNING number, content_hash
)
INSERT INTO bildwerk.media (id, content_hash) SELECT number, content_hash FROM made
"""
ENTRIES = "CREATE TEMPORARY TABLE entries (kind text, hash bigint, picture bigint, copy smallint)"
CHUNK = 50_000
# In the order of the pictures, into indexes that are there: they grow as they do in life.
INDEX = (
    "SET session_replication_role = replica",  # the references are right, and checking millions takes minutes
    'INSERT INTO bildwerk.perceptual_hashes (kind, hash) SELECT kind::"char", hash FROM entries ON CONFLICT DO NOTHING',
    """INSERT INTO bildwerk.picture_hashes (kind, hash, picture, copies)
    SELECT kind::"char", hash, picture, array_agg(copy) FROM entries GROUP BY picture, kind, hash ORDER BY picture""",
    "RESET session_replication_role",
    "DROP TABLE entries",
    "VACUUM ANALYZE bildwerk.perceptual_hashes, bildwerk.picture_hashes, bildwerk.pictures, bildwerk.media",
    "CHECKPOINT",
)
SIZE = "SELECT pg_total_relation_size('bildwerk.perceptual_hashes') + pg_total_relation_size('bildwerk.picture_hashes')"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A library in a database of its own."""

    name: str
    library: Library
    connection: Connection
    megabytes: float


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Search libraries of all sizes in turn, and the largest one by every design."""
    async with start_stack(slots=None, fsync=False) as stack, AsyncExitStack() as exits:
        shelves = []
        for name, pictures in SIZES.items():
            database = await create_database(stack.database_url)
            shelf = await _fill(name, database, pictures // 100 if plan.quick else pictures)
            exits.push_async_callback(shelf.connection.close)
            await _check(shelf)
            shelves.append(shelf)
        designs = await make_designs(shelves[-1].connection)
        for number in plan.numbers:
            sizes, searches = {shelf.name: shelf.megabytes for shelf in shelves}, await _search_all(shelves, number)
            yield {"size": sizes, **searches, **await _compare(shelves[-1], designs, number)}


async def _search_all(shelves: Sequence[Shelf], number: int) -> dict[str, dict[str, float]]:
    drawn = np.random.default_rng(number)
    taken: dict[str, dict[str, list[float]]] = {name: {shelf.name: [] for shelf in shelves} for name in ASKED}
    for shelf in take_turns(shelves, number):
        for name, count in SEARCHES.items():
            for _ in range(count):
                asked = _ask(shelf.library, drawn)[: ASKED[name]]
                began = time.perf_counter()
                await likenesses.search(shelf.connection, asked)
                taken[name][shelf.name].append(time.perf_counter() - began)
    return {key: figures for name in ASKED for key, figures in _summarise(name, taken[name])}


async def _compare(shelf: Shelf, designs: Sequence[Design], number: int) -> dict[str, dict[str, float]]:
    """Every design finds the same."""
    drawn = np.random.default_rng(number)
    questions = [_ask(shelf.library, drawn)[0] for _ in range(max(DESIGN_SEARCHES.values()))]
    taken: dict[str, list[float]] = {design.name: [] for design in designs}
    answers: dict[str, list[set[tuple[int, int]]]] = {}
    for design in take_turns(designs, number):
        answers[design.name] = []
        for one in questions[: DESIGN_SEARCHES[design.name]]:
            began = time.perf_counter()
            answers[design.name].append(await design.find(shelf.connection, one))
            taken[design.name].append(time.perf_counter() - began)
    for found in answers.values():
        assert found == answers[READ][: len(found)] + answers[OURS][len(answers[READ]) : len(found)]
    return dict(_summarise("designs", taken))


def _summarise(name: str, taken: dict[str, list[float]]) -> Iterator[tuple[str, dict[str, float]]]:
    """Milliseconds that half of the searches took at most, and 99 of 100."""
    for share in SHARES:
        few = set() if share == MEDIAN else {READ}
        yield f"{name}_p{share}", {who: take_percentile(one, share) for who, one in taken.items() if who not in few}


def _ask(library: Library, drawn: np.random.Generator) -> list[PerceptualHash]:
    return [PerceptualHash(kind, value) for kind, value in draw_questions(library, TURNS, drawn)]


async def _fill(name: str, database: str, pictures: int) -> Shelf:
    await migrate(database)
    library = make_library(pictures, np.random.default_rng(pictures))
    connection = await connect(Database(database, command_timeout=PATIENCE))
    await connection.execute("SET work_mem = '512MB'")
    await connection.execute(PICTURES, pictures)
    await connection.execute(ENTRIES)
    for start in range(0, pictures, CHUNK):
        await connection.copy_records_to_table("entries", records=_list(library, start))
    for statement in INDEX:
        await connection.execute(statement)
    await connection.execute("RESET work_mem")
    return Shelf(name, library, connection, await connection.fetchval(SIZE) / 1e6)


def _list(library: Library, start: int) -> Iterator[tuple[str, int, int, int]]:
    """What `ENTRIES` holds of the pictures from this place on."""
    columns = {
        (kind, copy): hashes[copy, start : start + CHUNK].view(np.int64).tolist()
        for kind, hashes in library.hashes.items()
        for copy in range(COPIES)
    }
    for place, values in enumerate(zip(*columns.values(), strict=True)):
        for (kind, copy), value in zip(columns, values, strict=True):
            yield kind, value, start + place + 1, copy


async def _check(shelf: Shelf) -> None:
    """What is found is what comparing with every hash finds, and the pictures are those that have them."""
    drawn = np.random.default_rng(0)
    for _ in range(CHECKED):
        asked = _ask(shelf.library, drawn)
        found = await likenesses.search(shelf.connection, asked, nearest=shelf.library.pictures)
        expected: dict[PerceptualHash, dict[int, int]] = {}
        having: dict[PerceptualHash, set[str]] = {}
        for place, one in enumerate(asked):
            hashes = shelf.library.hashes[one.kind]
            distances = np.bitwise_count(hashes ^ np.uint64(one.value % (1 << 64)))
            for copy, picture in np.argwhere(distances <= RADIUS):
                near = PerceptualHash(one.kind, int(hashes[copy, picture].view(np.int64)))
                expected.setdefault(near, {})[place] = int(distances[copy, picture])
                having.setdefault(near, set()).add(hashlib.sha256(str(picture + 1).encode()).hexdigest())
        assert {one.hash: one.distances for one in found.likenesses} == expected
        assert all(one.crowd or one.pictures.keys() == having[one.hash] for one in found.likenesses)


def _title(asked: int) -> str:
    return f"{asked} hashes asked for at once" if asked > 1 else "one hash asked for"


MEDIAN = 50
SHARES = {MEDIAN: "the median search", 99: "99 of 100 searches take at most"}
COMPARISON = Comparison(
    "duplicates",
    f"finding pictures with hashes within {RADIUS} bits, by the size of the library and by the index",
    {
        "size": Table("tables and indexes", "MB", SMALLEST),
        **{
            f"{name}_p{share}": Table(f"{_title(ASKED[name])}, {title}", "ms", SMALLEST)
            for name in ASKED
            for share, title in SHARES.items()
        },
        **{
            f"designs_p{share}": Table(f"one hash among those of {LARGEST} pictures, {title}", "ms", OURS)
            for share, title in SHARES.items()
        },
    },
    measure,
)
