"""Looking for media that are like a new one: after its commit, so that two newcomers cannot miss each other (P24)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from contracts.candidates import Candidate
from contracts.duplicates import CROWD, FLAT_PICTURE
from contracts.perceptual import HashedCopy, PerceptualHash
from db import duplicates, inspections, ledger, likenesses
from db.duplicates import FoundPair, Subject
from db.pool import Connection, Pool
from handlers.duplicates.hashes import hash_sketch
from handlers.duplicates.matching import Match, match
from handlers.runner.outcomes import Planned
from handlers.runner.planning import Planner, PlanRequest

log = structlog.get_logger("bildwerk.handlers.seeking")

PLATFORM_KIND: Final = "p"
"""The kind of the platform's own perceptual hashes in the index."""
COMPARED: Final = 200
"""Pictures compared in one search, the nearest ones: up to three seconds of one core, in a thread of its own."""
KEPT: Final = 16
"""Pairs kept of one search, the surest first; more are counted."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who is to be compared with a medium, and why there may be more."""

    media: Sequence[Candidate]
    limits: frozenset[str]


@dataclass(frozen=True)
class Seeker:
    """Finds pairs and plans everybody they concern. Comparing is for one thread: what asks the model goes first."""

    pool: Pool
    planner: Planner
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def seek(self, media_id: int) -> Planned:
        """Look for others like this medium, if they are to be looked for; what planning came to."""
        async with self.pool.acquire() as connection, connection.transaction():
            subject = await index_medium(connection, media_id)
        if subject is None:
            return Planned()
        if subject.candidate is None:
            return await self._settle(subject, [], 0, frozenset())
        candidates = await self._find(subject, subject.candidate)
        matches = await self._match(subject.candidate, candidates.media)
        left_out = await self._count_left_out(subject.candidate, matches)
        pairs = [_to_pair(subject, found) for found in matches[:KEPT]]
        return await self._settle(subject, pairs, left_out, candidates.limits)

    async def _find(self, subject: Subject, candidate: Candidate) -> Candidates:
        asked = list(hash_sketch(candidate.sketch).questions)
        limits = set() if asked else {FLAT_PICTURE}
        if candidate.platform_phash is not None:
            asked.append(PerceptualHash(PLATFORM_KIND, candidate.platform_phash))
        async with self.pool.acquire() as connection:
            near = await likenesses.search(connection, asked, apart_from=candidate.content_hash)
            shown = list(dict.fromkeys(name for found in near.likenesses for name in found.pictures))
            others = await duplicates.find_showing(connection, subject.media_id, shown[:COMPARED])
            others |= await duplicates.find_equal(connection, subject)
            media = await duplicates.read_candidates(connection, others)
        crowds = any(found.crowd is not None for found in near.likenesses)
        if crowds or near.left_out or len(shown) > COMPARED:
            limits.add(CROWD)
        return Candidates(media, frozenset(limits))

    async def _count_left_out(self, subject: Candidate, matches: Sequence[Match]) -> int:
        """How many are alike but not told of: by what was compared. Of its own bytes a chain tells."""
        alike = {found.other.content_hash for found in matches} - {subject.content_hash}
        told = [found.other.media_id for found in matches[:KEPT]]
        too_many = [found.other.media_id for found in matches[KEPT:]]
        async with self.pool.acquire() as connection:
            return await duplicates.count_left_out(connection, subject.media_id, too_many, alike, told)

    async def _match(self, subject: Candidate, others: Sequence[Candidate]) -> list[Match]:
        """Those that are alike; none when comparing meets a bug of ours, which is better than to wait for ever."""
        try:
            async with self.turns:
                return await asyncio.to_thread(match, subject, others)
        except Exception:
            log.exception("duplicates.broken", media_id=subject.media_id)
            return []

    async def _settle(
        self, subject: Subject, pairs: Sequence[FoundPair], left_out: int, limits: frozenset[str]
    ) -> Planned:
        """Keep the pairs and plan all media in them, in one transaction."""
        others = {media_id for pair in pairs for media_id in (pair.one, pair.other)} - {subject.media_id}
        concerned = sorted(others | {subject.media_id})
        async with self.pool.acquire() as connection, connection.transaction():
            await ledger.lock(connection, concerned)
            called = await duplicates.settle(connection, subject, pairs, left_out, limits)
            if called is None:
                return Planned()
            if further := called.difference(concerned):
                await duplicates.call(connection, further)
            planned = await self.planner.plan_media(connection, [PlanRequest(media_id) for media_id in concerned])
        log.info("duplicates.sought", media_id=subject.media_id, pairs=len(pairs), left_out=left_out)
        return planned


async def index_medium(connection: Connection, media_id: int) -> Subject | None:
    """Make a medium that others are to be looked for findable itself; None when they are not, or not yet.

    After the commit that keeps its picture (P24), in a transaction of its own; under its lock it shows this picture.
    """
    await ledger.lock(connection, [media_id])
    subject = await duplicates.read_subject(connection, media_id)
    if subject is not None and subject.candidate is not None:
        await _index(connection, subject.candidate)
    return subject


async def _index(connection: Connection, candidate: Candidate) -> None:
    """Make a picture findable by its hashes, one picture in each transaction."""
    hashes = list(hash_sketch(candidate.sketch).entries)
    told = await inspections.find_platform_hashes(connection, candidate.content_hash)
    hashes += [PerceptualHash(PLATFORM_KIND, value) for value in told]
    copies = [HashedCopy(one, copy) for copy, one in enumerate(hashes)]
    await likenesses.put(connection, candidate.content_hash, copies)


def _to_pair(subject: Subject, found: Match) -> FoundPair:
    assert subject.candidate is not None
    sides = sorted((subject.candidate, found.other), key=lambda side: side.media_id)
    return FoundPair(
        sides[0].media_id, sides[1].media_id, sides[0].pixel_hash, sides[1].pixel_hash,
        found.level, found.evidence,
    )  # fmt: skip
