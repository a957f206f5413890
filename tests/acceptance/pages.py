"""A service's pages as its orchestrator reads them: whether it is alive, and what it lacks."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from time import monotonic

import httpx

from bildwerk.sandbox.process import find_free_port
from tests.acceptance.invariants import Evidence, gather
from tests.acceptance.polling import until
from tests.acceptance.world import Service, World

SECONDS = 120.0


@dataclass(frozen=True)
class Pages:
    """The pages of one service."""

    client: httpx.AsyncClient

    async def is_alive(self) -> bool:
        """What `/healthz` says."""
        return (await self.client.get("/healthz")).status_code == 200

    async def lacks(self) -> dict[str, str]:
        """Every check of `/readyz` that found something."""
        answer = await self.client.get("/readyz")
        wrong = {name: said for name, said in answer.json()["checks"].items() if said != "ok"}
        assert (answer.status_code, answer.json()["ready"]) == ((503, False) if wrong else (200, True))
        return wrong

    async def say(self, **reasons: str) -> dict[str, str]:
        """Wait until every check that is named begins with its reason; the service is alive all the time."""
        wrong: dict[str, str] = {}

        async def says() -> bool:
            nonlocal wrong
            assert await self.is_alive()
            wrong = await self.lacks()
            return all(wrong.get(name, "").startswith(reason) for name, reason in reasons.items())

        try:
            await until(says, SECONDS, every=0.2)
        except AssertionError as error:
            error.add_note(f"at last they said {wrong}, and were to say {reasons}")
            raise
        return wrong

    async def become_well(self) -> None:
        """Wait until nothing is lacking; the service is alive all the time."""

        async def well() -> bool:
            assert await self.is_alive()
            return not await self.lacks()

        await until(well, SECONDS, every=0.2)


def open_client(port: int) -> httpx.AsyncClient:
    """A client of who listens here. It uses no connection again that uvicorn may be about to close (after 5 s)."""
    limits = httpx.Limits(keepalive_expiry=1.0)
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60.0, limits=limits)


@asynccontextmanager
async def watched(world: World, **settings: object) -> AsyncIterator[tuple[Service, Pages]]:
    """One more service of a world, ready for work, with its pages."""
    port = find_free_port()
    service = await (await world.serve(web_port=port, **settings)).started()
    async with open_client(port) as client:
        pages = Pages(client)
        await pages.become_well()
        yield service, pages


async def require_unharmed(
    world: World, media: list[int], jobs: int = 2, cut_off: int = 0, others: Iterable[httpx.AsyncClient] = ()
) -> Evidence:
    """Wait until all is done: no job failed, no event was buried, and all invariants hold.

    No try of theirs was burned either, but for up to `cut_off` calls that broke off. `others` control further hosts.
    """
    await world.settled(media, SECONDS, jobs)
    assert await world.statuses(media) == {"done": jobs * len(media)}
    evidence = await gather(world)
    elsewhere = [(await other.get("/control/calls")).json()["calls"] for other in others]
    calls = [*evidence.calls, *(call for calls in elsewhere for call in calls if not call["probe"])]
    evidence = replace(evidence, calls=calls)
    wanted = set(media)
    outcomes = Counter(run["outcome"] for run in evidence.runs if run["media_id"] in wanted)
    assert outcomes.keys() <= {"done", "unavailable", "superseded", "retry", None}
    assert outcomes["retry"] <= cut_off
    assert await world.pool.fetchval("SELECT count(*) FROM bildwerk.dead_letters") == 0
    evidence.check()
    return evidence


async def recover(
    world: World, pages: Pages, media: list[int], note: Callable[[str], None], cut_off: int = 0
) -> Evidence:
    """What was away is back: wait until all is well and done, and note how long that took, and the calls it cost."""
    healed = monotonic()
    await pages.become_well()
    well = monotonic()
    evidence = await require_unharmed(world, media, cut_off=cut_off)
    wanted = set(map(str, media))
    wasted = sum(call["media"] in wanted for call in evidence.calls) - 2 * len(media)
    note(
        f"lost 0, doubled 0, failed 0; {wasted} calls wasted of {2 * len(media)} jobs;"
        f" well after {well - healed:.1f} s, all done after {monotonic() - healed:.1f} s"
    )
    return evidence
