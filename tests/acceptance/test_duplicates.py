"""Two pictures that are nearly the same come to two processes at the same moment, a hundred times.

In each round three events are produced at once, into partitions of their own, which two processes share: two name
copies of one picture, one names another picture. A process that took an event in looks for pictures to inspect then.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import orjson
import pytest
from PIL import Image, ImageChops

from contracts.duplicates import ASKS
from contracts.topics import Topic
from handlers.stages.duplicate_assist import REPORT
from tests.acceptance.invariants import gather
from tests.acceptance.polling import until
from tests.acceptance.world import PARTITIONS, World
from tests.contracts.schemas import validator

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROUNDS = 100
AT_ONCE = 4
"""Rounds that are under way at the same time."""


@dataclass(frozen=True)
class Round:
    """Media of one round."""

    older: int
    newer: int
    other: int

    @property
    def copies(self) -> tuple[int, int]:
        return self.older, self.newer


def paint(number: int) -> Image.Image:
    """Soft areas of many colours, other ones for every number."""
    dice = random.Random(number)
    cells = Image.frombytes("RGB", (6, 6), dice.randbytes(108))
    return cells.resize((240, 180), Image.Resampling.BICUBIC)


def retouch(picture: Image.Image, dice: random.Random) -> Image.Image:
    """A few levels lighter or darker here and there: with the same hashes, one would have to wait for the other."""
    light = Image.frombytes("L", (6, 6), bytes(124 + dice.randrange(9) for _ in range(36)))
    wide = light.resize(picture.size, Image.Resampling.BICUBIC).convert("RGB")
    return ImageChops.add(picture, wide, offset=-128)


async def come(world: World, number: int, dice: random.Random) -> Round:
    """A picture, a smaller copy with other compression, and another picture: files, rows, then events at once."""
    folder = world.root / f"{number}"
    folder.mkdir()
    paint(number).save(folder / "a.png")
    retouch(paint(number), dice).resize((180, 135)).save(folder / "b.jpg", quality=70)
    paint(number + ROUNDS).save(folder / "c.jpg", quality=85)
    names = ["a.png", "b.jpg", "c.jpg"]
    dice.shuffle(names)
    media = dict(zip(names, await world.add_paths(f"{number}/{name}" for name in names), strict=True))
    places = dice.sample(range(PARTITIONS), len(names))
    bodies = [orjson.dumps({"media_id": media_id}) for media_id in media.values()]
    sending = zip(bodies, places, strict=True)
    await asyncio.gather(*(world.wire.send_bytes(Topic.MEDIA_CREATED, body, place) for body, place in sending))
    older, newer = sorted((media["a.png"], media["b.jpg"]))
    return Round(older, newer, media["c.jpg"])


async def sought(world: World, media: tuple[int, ...]) -> None:
    """Wait until others were looked for."""

    async def done() -> bool:
        return bool(
            await world.pool.fetchval(
                "SELECT count(*) = $2 FROM bildwerk.media WHERE id = ANY($1) AND sought IS NOT NULL", media, len(media)
            )
        )

    await until(done, every=0.02)


def tell_overlap(world: World, rounds: list[Round]) -> tuple[Counter[str], int]:
    """In how many rounds two processes inspected, two searched, both were inspected before either was sought.

    And how many media were sought more than once.
    """
    seen: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
    for number, service in enumerate(world.services):
        for name in ("picture.inspected", "duplicates.sought"):
            for event in service.events(name):
                seen[name, event["media_id"]].append((event["timestamp"], number))
    told: Counter[str] = Counter()
    for each in rounds:
        inspected = [seen["picture.inspected", media_id][0] for media_id in each.copies]
        searched = [seen["duplicates.sought", media_id][0] for media_id in each.copies]
        told["inspected by two"] += len({who for _, who in inspected}) == 2
        told["sought by two"] += len({who for _, who in searched}) == 2
        told["both inspected before either was sought"] += max(inspected)[0] < min(searched)[0]
    return told, sum(len(times) > 1 for (name, _), times in seen.items() if name == "duplicates.sought")


async def test_two_that_come_to_two_processes_at_once_are_one_pair_and_one_call(
    world: World, dice: random.Random, figure: Callable[[str], None]
) -> None:
    for _ in range(2):
        await (await world.serve(job_types=ASKS)).started()
    numbers, rounds = iter(range(ROUNDS)), []

    async def play() -> None:
        for number in numbers:
            rounds.append(each := await come(world, number, dice))
            await sought(world, (*each.copies, each.other))

    await asyncio.gather(*(play() for _ in range(AT_ONCE)))
    rounds.sort(key=lambda each: each.older)
    media = [m for each in rounds for m in (*each.copies, each.other)]
    await world.settled(media, jobs=1)
    await at_rest(world)

    pairs = await world.pool.fetch("SELECT one, other, closed, referee FROM bildwerk.duplicate_pairs ORDER BY one")
    assert [(pair["one"], pair["other"], pair["closed"]) for pair in pairs] == [(*each.copies, True) for each in rounds]
    calls = await world.calls()
    assert Counter((int(call["media"]), call["job"]) for call in calls) == {
        (pair["referee"], ASKS): 1 for pair in pairs
    }
    reports = {m: (await world.meta(m)).get(REPORT) for m in media}
    for each in rounds:
        assert reports[each.other] is None
        for mine, theirs in (each.copies, each.copies[::-1]):
            report = reports[mine] or {}
            assert [similar["media_id"] for similar in report["similar"]] == [theirs]
            assert "relation" in report["similar"][0]
            validator(REPORT).validate(report)
    (await gather(world)).check()
    told, repeated = tell_overlap(world, rounds)
    figure(f"of {ROUNDS} rounds {dict(told)}; {repeated} media were sought twice")
    assert told["sought by two"] > 0


async def at_rest(world: World) -> None:
    """Wait until nobody is to be looked for or planned."""

    async def quiet() -> bool:
        return not await world.pool.fetchval(
            "SELECT EXISTS (SELECT FROM bildwerk.neighbours) OR EXISTS (SELECT FROM bildwerk.outbox)"
            " OR EXISTS (SELECT FROM bildwerk.media WHERE seek_at IS NOT NULL OR due <> '{}' OR owner IS NOT NULL)"
        )

    await until(quiet)
