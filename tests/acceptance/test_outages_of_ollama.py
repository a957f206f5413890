"""Every Ollama host away, or taking calls and never answering; or one of three: nothing fails, no try is burned."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from time import monotonic

import httpx
import pytest
import pytest_asyncio

from bildwerk.sandbox.ollama import start_simulated_ollama
from tests.acceptance.conftest import MakeWorld
from tests.acceptance.pages import Pages, recover, require_unharmed, watched
from tests.acceptance.test_away import done
from tests.acceptance.world import Service, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

SPEED = ("--picture-seconds", "0.1", "--token-seconds", "0.0005", "--load-seconds", "0.05")
CALL_SECONDS = 12.0

Running = tuple[World, Service, Pages]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(make_shared: MakeWorld) -> AsyncIterator[Running]:
    """Return a world with one host and a service, which the tests of the module share."""
    world = await make_shared(*SPEED)
    async with watched(world, call_timeout_seconds=CALL_SECONDS) as (service, pages):
        yield world, service, pages


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"fault": "refuse"}, "unreachable"),
        ({"fault": "hang", "match": {"host": True}}, "timeout"),
        ({"fault": "status", "status": 503, "match": {"host": True}}, "server_busy"),
    ],
    ids=lambda value: value["fault"] if isinstance(value, dict) else value,
)
async def test_every_host_away(
    running: Running, fault: dict[str, object], reason: str, figure: Callable[[str], None]
) -> None:
    world, _, pages = running
    media = await world.add(24)
    before = (await world.statuses())["done"]
    calls = len(await world.calls())
    await world.wire.created(media[:20])
    await done(world, before + 4, 60.0)

    await world.spoil(**fault)  # type: ignore[arg-type]
    wrong = await pages.say(ollama=f"no_host: {world.ollama.url.removeprefix('http://')} {reason}")
    assert wrong.keys() == {"ollama"}
    await world.wire.created(media[20:])
    await world.inspected(media, 60.0)
    open_jobs = await world.statuses(media)
    assert open_jobs["failed"] == open_jobs["skipped"] == 0
    assert open_jobs["due"] > 0
    await world.heal()

    await recover(world, pages, media, figure, cut_off=world.slots)
    wasted = len(await world.calls()) - calls - 2 * len(media)
    assert wasted <= world.slots, "a breaker that is open lets nothing through"


@dataclass
class Hosts:
    """Two hosts beside the world's own: the last one is the bad one."""

    urls: list[str]
    controls: list[httpx.AsyncClient]

    async def spoil(self, fault: str, **rule: object) -> None:
        """Script a fault of the bad one."""
        (await self.controls[-1].post("/control/faults", json={"fault": fault, **rule})).raise_for_status()

    async def heal(self) -> None:
        """End it."""
        (await self.controls[-1].delete("/control/faults")).raise_for_status()

    async def count(self) -> int:
        """How often the bad one was asked."""
        return len((await self.controls[-1].get("/control/calls")).json()["calls"])


async def start_hosts(world: World) -> Hosts:
    """Start them for the length of the world."""
    hosts = Hosts([world.ollama.url], [])
    for number in (1, 2):
        folder = world.folder / f"ollama-{number}"
        folder.mkdir()
        started = await start_simulated_ollama(folder, 8, SPEED)
        world.exits.push_async_callback(started.process.stop)
        control = httpx.AsyncClient(base_url=started.control_url, trust_env=False, timeout=60.0)
        hosts.urls.append(started.url)
        hosts.controls.append(await world.exits.enter_async_context(control))
    return hosts


async def flap(hosts: Hosts) -> None:
    """Let the bad one be away for a second, twice."""
    for _ in range(2):
        await hosts.spoil("refuse", seconds=1.0)
        await asyncio.sleep(2.0)


async def test_one_of_three_hosts_dead_slow_or_flapping(make: MakeWorld, figure: Callable[[str], None]) -> None:
    """F15: the others go on, nothing fails, and the bad one costs no more than the calls that it broke off."""
    world = await make(*SPEED, slots=2)
    hosts = await start_hosts(world)
    media: list[int] = []
    seconds: dict[str, float] = {}
    async with watched(world, OLLAMA_HOST=",".join(f"{url}=2" for url in hosts.urls)) as (service, pages):
        for mode in ("well", "dead", "slow", "flapping"):
            batch = await world.add(24)
            await world.wire.created(batch)
            await done(world, 2 * len(media) + 6, 60.0)
            began = monotonic()
            flapping = None
            match mode:
                case "dead":
                    await hosts.spoil("refuse")
                case "slow":
                    await hosts.spoil("delay", seconds=5.0)
                case "flapping":
                    flapping = asyncio.create_task(flap(hosts))
            asked = await hosts.count()
            await world.settled(batch, 120.0)
            seconds[mode] = monotonic() - began
            if mode == "slow":
                assert await hosts.count() - asked < 42 / 3, "it gets less than its share"
            if mode == "dead":
                assert await hosts.count() == asked
                await service.said("host.away", seconds=60)
                assert await pages.lacks() == {}, "two hosts are enough"
            if flapping:
                await flapping
            await hosts.heal()
            media += batch
        await require_unharmed(world, media, cut_off=2 * 3, others=hosts.controls)
    figure(", ".join(f"{mode}: {taken:.1f} s" for mode, taken in seconds.items()) + " for 42 jobs on three hosts")


async def test_a_host_that_answers_looks_and_fails_calls_does_not_swallow_the_library(
    make: MakeWorld, figure: Callable[[str], None]
) -> None:
    """Its disk is full, say. It fails faster than the other one answers, so whatever it is given it gets most of."""
    world = await make(*SPEED, slots=2)
    hosts = await start_hosts(world)
    await hosts.spoil("status", status=500, error="no space left on device")
    await world.spoil("delay", seconds=0.5)
    async with watched(world, OLLAMA_HOST=f"{hosts.urls[0]}=2,{hosts.urls[-1]}=2") as (service, _):
        media = await world.add(24)
        await world.wire.created(media)
        await world.settled(media, 240.0)
        assert await world.statuses(media) == {"done": 48}
        failed = await hosts.count()
        figure(f"{failed} calls to the host that fails")
        assert failed <= 16
        assert service.events("host.back"), "it was looked at, and found well"
