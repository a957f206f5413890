"""Nothing that is locked, somebody's, or was taken away is touched: 100 000 random operations beside a simple model.

The numbers of a failed walk are in the message: `WALK_SEED=7 pytest tests/db/test_tags_walk.py` repeats it.
"""

import itertools
import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from bildwerk.tag_merging import begin_merge, move_links, undo
from contracts.facts import MediaFacts
from contracts.tags import WeightedTag
from db import tags
from db.pool import Connection
from tests.ledger import Ledger
from tests.tagged import Link, Tagged

OPERATIONS: Final = 100_000
ROUND: Final = 500
"""Operations of people in one transaction; a twentieth as many media are given tags by us in the next one."""
MEDIA, NAMES, SEED = 400, tuple(f"tag {number}" for number in range(12)), 20_260_731
OURS_VALUES, THEIR_VALUES = (0.25, 0.5, 0.75), (None, 0.125, 0.875)
"""What we give and what people write differ, so that whose a link is can be seen."""

PEOPLE: Final = {
    "add": "INSERT INTO media_tags (media_id, tag_id, confidence, locked, source)"
    " SELECT o.medium, t.id, o.value, false, 'person' FROM given AS o JOIN tags AS t USING (name)",
    "remove": "DELETE FROM media_tags AS l USING given AS o JOIN tags AS t USING (name)"
    " WHERE l.media_id = o.medium AND l.tag_id = t.id",
    "change": "UPDATE media_tags AS l SET confidence = o.value FROM given AS o JOIN tags AS t USING (name)"
    " WHERE l.media_id = o.medium AND l.tag_id = t.id",
    "lock": "UPDATE media_tags AS l SET locked = true FROM given AS o JOIN tags AS t USING (name)"
    " WHERE l.media_id = o.medium AND l.tag_id = t.id",
    "unlock": "UPDATE media_tags AS l SET locked = false FROM given AS o JOIN tags AS t USING (name)"
    " WHERE l.media_id = o.medium AND l.tag_id = t.id",
}
GIVEN = "WITH given AS (SELECT * FROM unnest($1::bigint[], $2::text[], $3::real[]) AS o (medium, name, value)) "
LINKS = """
SELECT l.media_id, t.name, l.confidence, l.weight, l.locked, l.source
FROM media_tags AS l JOIN tags AS t ON t.id = l.tag_id WHERE l.media_id = ANY($1::bigint[])
"""


class Owner(Enum):
    """Who has a tag of a medium, as far as the walk knows."""

    OURS = "ours"
    THEIRS = "theirs"
    GONE = "taken away, after we had given or seen it"


@dataclass
class Known:
    """What must hold of one medium."""

    links: dict[str, Link] = field(default_factory=dict)
    owners: dict[str, Owner] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    locked: bool = False

    def act(self, what: str, name: str, value: float | None) -> None:
        """A person does something."""
        link = self.links.get(name)
        if link is None:
            self.links[name], self.owners[name] = (value, None, False, "person"), Owner.THEIRS
        elif what == "remove":
            del self.links[name]
            if name in self.seen:
                self.owners[name] = Owner.GONE
            else:
                del self.owners[name]
        elif what == "change":
            self.links[name], self.owners[name] = (value, *link[1:]), Owner.THEIRS
        else:
            self.links[name] = (*link[:2], what == "lock", link[3])

    def give(self, wanted: dict[str, float]) -> None:
        """We make these the tags it has from us."""
        self.seen |= self.links.keys()
        if self.locked:
            return
        for name in [name for name, owner in self.owners.items() if owner is Owner.OURS and name not in wanted]:
            if not self.links[name][2]:
                del self.links[name], self.owners[name]
                self.seen.discard(name)
        for name, value in wanted.items():
            owner = self.owners.get(name)
            if owner is None or (owner is Owner.OURS and not self.links[name][2]):
                self.links[name], self.owners[name] = (value, 0.5, False, tags.SOURCE), Owner.OURS
                self.seen.add(name)


@dataclass
class Walk:
    """A seeded walk; `done` counts operations by kind."""

    draw: random.Random
    tagged: Tagged
    media: dict[int, Known]
    done: Counter[str] = field(default_factory=Counter)

    async def go_round(self) -> None:
        """People act, each on a link of their own; then we give tags, and everything is compared."""
        async with self.tagged.pool.acquire() as connection:
            await self.act(connection, NAMES)
            await self.lock_media(connection)
            media = self.draw.sample(sorted(self.media), ROUND // 20)
            async with connection.transaction():
                for medium in media:
                    await self.give(connection, medium)
            seen = self.draw.sample(sorted(self.media), 20)
            await tags.see(connection, seen)
            for medium in seen:
                self.media[medium].seen |= self.media[medium].links.keys()
            await self.compare(connection, media)

    async def act(self, connection: Connection, names: Sequence[str]) -> None:
        """People do something to these tags."""
        for what, statement in PEOPLE.items():
            acts = self.choose(what, names)
            if acts:
                await connection.execute(GIVEN + statement, *map(list, zip(*acts, strict=True)))

    async def merge_and_undo(self) -> None:
        """Two tags become one, people act on others, and all is as before."""
        name, into, *others = self.draw.sample(NAMES, len(NAMES))
        for known in self.media.values():
            if not known.locked and name in known.links and not known.links[name][2]:
                known.seen |= known.links.keys()
        begun = await begin_merge(self.tagged.pool, name, into)
        await move_links(self.tagged.pool, begun, lambda *_: None)
        async with self.tagged.pool.acquire() as connection:
            await self.act(connection, others)
            locked = "l.locked AND t.name = ANY($2::text[])"
            rows = await connection.fetch(f"{LINKS} AND {locked}", list(self.media), [name, into])
        assert {(row["media_id"], row["name"]): tuple(row)[2:] for row in rows} == {
            (medium, tag): link
            for medium, known in self.media.items()
            for tag, link in known.links.items()
            if link[2] and tag in (name, into)
        }, "a merge touched a locked link"
        await undo(self.tagged.pool, begun.id, lambda *_: None)
        self.done += Counter(("merge", "undo"))
        async with self.tagged.pool.acquire() as connection:
            await self.compare(connection, list(self.media))

    async def renew(self) -> None:
        """The oldest media leave the walk, new ones come: else all tags would be somebody's, or gone, in the end."""
        async with self.tagged.pool.acquire() as connection:
            oldest = sorted(self.media)[: MEDIA // 40]
            await self.compare(connection, oldest)
        for medium in oldest:
            del self.media[medium]
        self.media |= {medium: Known() for medium in await self.tagged.media(len(oldest))}

    def choose(self, what: str, names: Sequence[str]) -> list[tuple[int, str, float | None]]:
        """What people do; each link is named once."""
        acts = {}
        for medium in self.draw.choices(sorted(self.media), k=ROUND // len(PEOPLE)):
            known = self.media[medium]
            open_to = [
                name for name in names if (name in known.links) != (what == "add") and (medium, name) not in acts
            ]
            if open_to:
                name, value = self.draw.choice(open_to), self.draw.choice(THEIR_VALUES)
                known.act(what, name, value)
                acts[medium, name] = (medium, name, value)
        self.done[what] += len(acts)
        return list(acts.values())

    async def lock_media(self, connection: Connection) -> None:
        """A few whole media are locked or unlocked."""
        for medium in self.draw.sample(sorted(self.media), 3):
            known = self.media[medium]
            known.locked = self.draw.random() < 0.2
            await connection.execute("DELETE FROM media_meta WHERE media_id = $1", medium)
            if known.locked:
                lock = [self.draw.choice(("*", "tags", "media_tags"))]
                await connection.execute("INSERT INTO media_meta VALUES ($1, 'locks', $2)", medium, lock)
            self.done["lock medium"] += 1

    async def give(self, connection: Connection, medium: int) -> None:
        """We give it tags, as a finished job does."""
        names = self.draw.sample(NAMES, self.draw.randrange(8))
        wanted = {name: self.draw.choice(OURS_VALUES) for name in names}
        given = [WeightedTag(name, value, 0.5) for name, value in wanted.items()]
        await tags.put(connection, MediaFacts(medium), given, self.done["give"] + 1)
        self.media[medium].give(wanted)
        self.done["give"] += 1

    async def compare(self, connection: Connection, media: list[int]) -> None:
        """Fail where a medium does not carry what the model says."""
        found: dict[int, dict[str, Link]] = {medium: {} for medium in media}
        for row in await connection.fetch(LINKS, media):
            found[row["media_id"]][row["name"]] = tuple(row)[2:]
        wrong = {medium: links for medium, links in found.items() if links != self.media[medium].links}
        assert not wrong, f"after {self.done}: {wrong}, not {[self.media[medium] for medium in wrong]}"


async def test_100_000_operations_violate_nothing(ledger: Ledger) -> None:
    seed, tagged = read_seed(), Tagged(ledger.pool)
    walk = Walk(random.Random(seed), tagged, {medium: Known() for medium in await tagged.media(MEDIA)})
    await tagged.pool.execute("INSERT INTO tags (name) SELECT unnest($1::text[])", list(NAMES))
    try:
        for number in itertools.count(1):
            await walk.go_round()
            await walk.renew()
            if number % 10 == 0:
                await walk.merge_and_undo()
            if walk.done.total() >= OPERATIONS:
                break
    except AssertionError as error:
        raise AssertionError(f"WALK_SEED={seed}: {error}") from error
    owners = Counter(owner for known in walk.media.values() for owner in known.owners.values())
    assert min(owners[owner] for owner in Owner) > 50, owners
    assert min(walk.done.values()) > 10, walk.done


def read_seed() -> int:
    return int(os.environ.get("WALK_SEED", SEED))
