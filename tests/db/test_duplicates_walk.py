"""Whatever people, the platform and our processes do in whatever order: at rest every report is what the graph says.

The numbers of a failed walk are in the message: `WALK_SEED=7 pytest tests/db/test_duplicates_walk.py` repeats it, for
everything happens one after the other. `WALK_SEEDS=30` walks seeds 1 to 30.
"""

import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import pytest

from contracts.duplicates import ASKED
from contracts.facts import Standing
from db import duplicates, ledger, purge
from db.duplicates import SHOWING
from handlers.inference.client import Question
from handlers.stages.duplicate_assist import REPORT
from tests.gallery import Gallery, Shot
from tests.ledger import Ledger

SEEDS: Final = (
    (int(os.environ["WALK_SEED"]),)
    if "WALK_SEED" in os.environ
    else tuple(range(1, 1 + int(os.environ.get("WALK_SEEDS", "2"))))
)
OPERATIONS: Final = 150
KINDS: Final = 14
"""Of operations."""
REST: Final = 25
"""Operations from one rest to the next."""
MOTIFS, PIXELS, MOMENTS, MOST = 3, 4, (None, None, 0, 3, 40), 14
OPINIONS: Final = [
    (relation, keep)
    for relation in ("same", "edited", "burst", "variant", "unrelated")
    for keep in ("this", "other", "neither")
]


@dataclass
class Walk:
    """A seeded walk; `done` counts operations by kind."""

    gallery: Gallery
    draw: random.Random
    done: Counter[str] = field(default_factory=Counter)
    visits: Counter[int] = field(default_factory=Counter)
    """How often a medium got pixels: what was said holds for one visit."""
    forces: Counter[int] = field(default_factory=Counter)
    asked: Counter[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=Counter)
    gone: list[tuple[int, str, Any]] = field(default_factory=list)
    crowds: set[str] = field(default_factory=set)
    """Pixels that so many media showed at once that a search leaves some of them out."""

    def __post_init__(self) -> None:
        self.gallery.inspector.batch = 1  # several would be inspected at the same time
        self.gallery.judge.opinion = lambda _: self.draw.choice(OPINIONS)
        self.gallery.judge.before = self.hear

    async def hear(self, question: Question) -> None:
        """Count a call for each pair that it shows; sometimes something happens meanwhile."""
        paths = {companion.path for companion in question.prompt.companions}
        for other in await self.gallery.living():
            if await self.gallery.path(other) in paths:
                self.asked[(other, question.media_id), (self.visits[other], self.visits[question.media_id])] += 1
        if self.draw.random() < 0.15:
            await self.act()

    def shot(self) -> Shot:
        draw = self.draw
        return Shot(draw.randrange(MOTIFS), draw.randrange(PIXELS), draw.choice(MOMENTS), flat=draw.random() < 0.1)

    async def act(self) -> None:
        """Do something."""
        living = await self.gallery.living()
        acts: dict[str, tuple[int, Callable[[list[int]], Awaitable[None]]]] = {
            "upload": (6 if len(living) < MOST else 0, self.upload),
            "replace": (3, self.replace),
            "retag": (2, self.retag),
            "delete": (2 if len(living) > 4 else 0, self.delete),
            "return": (3 if self.gone else 0, self.bring_back),
            "decide": (3 if len(living) > 1 else 0, self.decide),
            "force": (2, self.force),
            "lock": (1, self.lock),
            "write": (1, self.write),
            "purge": (1, self.purge),
            "inspect": (5, self.step(self.gallery.inspector.inspect_batch)),
            "seek": (5, self.step(self.gallery.duplicates.seek_batch)),
            "call": (4, self.step(self.gallery.duplicates.plan_called)),
            "run": (6, self.run),
        }
        weights = [weight if living or name == "upload" else 0 for name, (weight, _) in acts.items()]
        (name,) = self.draw.choices(list(acts), weights)
        self.done[name] += 1
        await acts[name][1](living)
        shown = Counter(shot.pixel_hash for shot in (await self.files()).values())
        self.crowds |= {pixels for pixels, media in shown.items() if media > SHOWING}

    async def upload(self, _living: list[int]) -> None:
        (media_id,) = await self.gallery.upload(self.shot())
        self.visits[media_id] += 1

    async def replace(self, living: list[int]) -> None:
        media_id = self.draw.choice(living)
        self.visits[media_id] += 1
        await self.gallery.replace(media_id, self.shot())

    async def retag(self, living: list[int]) -> None:
        media_id = self.draw.choice(living)
        path = await self.gallery.path(media_id)
        shot = self.gallery.shelf.files[path]
        await self.gallery.replace(media_id, replace(shot, tag=shot.tag + 1))

    async def delete(self, living: list[int]) -> None:
        media_id = self.draw.choice(living)
        row = await self.gallery.pool.fetchrow("SELECT id, path, updated_at FROM media WHERE id = $1", media_id)
        self.gone.append(tuple(row))
        await self.gallery.delete(media_id)

    async def bring_back(self, _living: list[int]) -> None:
        row = self.gone.pop(self.draw.randrange(len(self.gone)))
        self.visits[row[0]] += 1
        await self.gallery.pool.execute("INSERT INTO media (id, path, updated_at) VALUES ($1, $2, $3)", *row)
        await self.gallery.ledger.plan(row[0])

    async def decide(self, living: list[int]) -> None:
        one, other = sorted(self.draw.sample(living, 2))
        pool = self.gallery.pool
        async with pool.acquire() as connection, connection.transaction():
            await ledger.lock(connection, [one, other])
            groups = await duplicates.read_group(connection, one) | await duplicates.read_group(connection, other)
            await duplicates.decide(connection, one, other, same=self.draw.random() < 0.5)
            await duplicates.call(connection, groups)

    async def force(self, living: list[int]) -> None:
        media_id = self.draw.choice(living)
        self.forces[media_id] += 1
        await self.gallery.force(media_id)

    async def lock(self, living: list[int]) -> None:
        """Lock or unlock."""
        media_id = self.draw.choice(living)
        delete = "DELETE FROM media_meta WHERE media_id = $1 AND key = 'locks' RETURNING key"
        if await self.gallery.pool.fetchval(delete, media_id) is None:
            await self.gallery.put(media_id, "locks", "*")
        await self.gallery.ledger.plan(media_id)

    async def write(self, living: list[int]) -> None:
        if self.done["write"] <= 3:
            media_id = self.draw.choice(living)
            await self.gallery.put(media_id, REPORT, {"mine": True})
            await self.gallery.ledger.plan(media_id)

    async def purge(self, _living: list[int]) -> None:
        async with self.gallery.pool.acquire() as connection, connection.transaction():
            await purge.purge_media(connection, timedelta(0), 3)

    async def run(self, _living: list[int]) -> None:
        await self.gallery.work(1)

    def step(self, what: Callable[[], Awaitable[object]]) -> Callable[[list[int]], Awaitable[None]]:
        async def act(_living: list[int]) -> None:
            await what()

        return act

    async def rest(self) -> None:
        """Let everything come of it, and assert what must hold then."""
        gallery = self.gallery
        await gallery.settle()
        await gallery.check_quiet()
        living = await gallery.living()
        unsought = "SELECT id FROM bildwerk.media WHERE deleted_at IS NULL AND (seek_at IS NOT NULL OR sought IS NULL)"
        assert await gallery.pool.fetch(unsought) == []
        open_jobs = "SELECT media_id, status, reason FROM bildwerk.jobs WHERE status IN ('waiting', 'due')"
        assert await gallery.pool.fetch(open_jobs) == []
        await gallery.check_reports([m for m in living if await self.is_held(m)])
        await self.check_pairs()
        await self.check_questions()
        superseded = "SELECT count(*) FROM bildwerk.runs WHERE media_id = $1 AND outcome = 'superseded' AND model <> ''"
        for (both, visits), calls in self.asked.items():
            in_vain = await gallery.pool.fetchval(superseded, both[1])
            assert calls <= 1 + self.forces[both[1]] + in_vain, (both, visits, calls)

    async def check_pairs(self) -> None:
        """Nobody is found who looks otherwise, and everybody who looks alike, unless the search was capped."""
        files, expected, found = await self.files(), await self.expected(), await self.found()
        assert found <= expected, found - expected
        missed = [(files[one].pixel_hash, files[other].pixel_hash) for one, other in expected - found]
        assert [both for both in missed if self.crowds.isdisjoint(both)] == []

    async def check_questions(self) -> None:
        """Each pair was asked about, or was left unasked by a referee that asked about a likelier one.

        But for those that no search could find before another one was gone, and those whose referee is somebody's.
        """
        files = await self.files()
        unasked = await self.gallery.pool.fetch(
            "SELECT l.media_id, l.neighbour, l.referee FROM bildwerk.likenesses AS l"
            " LEFT JOIN bildwerk.runs AS r ON r.id = l.run_id AND r.media_id = l.referee AND r.model <> ''"
            " WHERE l.media_id < l.neighbour AND l.level = ANY($1) AND l.decision IS NULL AND r.id IS NULL",
            sorted(ASKED),
        )
        wrong = [
            tuple(row)
            for row in unasked
            if self.crowds.isdisjoint(files[row[side]].pixel_hash for side in ("media_id", "neighbour"))
            and not await self.is_held(row["referee"])
        ]
        assert wrong == []

    async def is_held(self, media_id: int) -> bool:
        """Whether the report is somebody else's, or was taken away with the medium."""
        async with self.gallery.pool.acquire() as connection:
            (snapshot,) = await self.gallery.planner.load(connection, [media_id])
        return snapshot.facts.standing(REPORT) is Standing.KEPT

    async def expected(self) -> set[tuple[int, int]]:
        """Who looks like whom, by how the files were made."""
        files = await self.files()
        return {
            (one, other)
            for one, mine in files.items()
            for other, theirs in files.items()
            if one < other
            and mine.motif == theirs.motif
            and (mine.pixel_hash == theirs.pixel_hash or not (mine.flat or theirs.flat))
        }

    async def files(self) -> dict[int, Shot]:
        """What living media show."""
        return {m: self.gallery.shelf.files[await self.gallery.path(m)] for m in await self.gallery.living()}

    async def found(self) -> set[tuple[int, int]]:
        rows = await self.gallery.pool.fetch(
            "SELECT media_id, neighbour FROM bildwerk.likenesses WHERE level <> 'told'"
        )
        both = {(row["media_id"], row["neighbour"]) for row in rows}
        assert both == {(other, one) for one, other in both}
        return {(one, other) for one, other in both if one < other}


async def walk(ledger: Ledger, seed: int) -> Walk:
    walk = Walk(Gallery(ledger), random.Random(seed))
    try:
        for number in range(1, OPERATIONS + 1):
            await walk.act()
            if number % REST == 0:
                await walk.rest()
    except AssertionError as error:
        raise AssertionError(f"WALK_SEED={seed}, after {walk.done}: {error}") from error
    return walk


WALKED: dict[int, Counter[str]] = {}
"""What was done, by seed."""


@pytest.mark.parametrize("seed", SEEDS)
async def test_at_rest_every_report_is_what_the_graph_says(ledger: Ledger, seed: int) -> None:
    WALKED[seed] = (await walk(ledger, seed)).done


def test_all_kinds_of_operations_come_up_over_all_seeds() -> None:
    if WALKED.keys() != set(SEEDS):
        pytest.skip("not all seeds were walked before it")
    done = sum(WALKED.values(), Counter[str]())
    assert len(done) == KINDS, done
