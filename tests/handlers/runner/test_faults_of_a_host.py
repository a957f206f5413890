"""F14: each way in which a host can go wrong, to its class: what becomes of the job, and which tries it burns."""

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.ollama import Simulated, start_simulated_ollama
from db.pool import Database, open_pool
from handlers.failures import BadAnswer, Failure, Transient, Unavailable
from handlers.inference.client import InferenceOptions, Ollama, Question
from handlers.inference.health import HostHealth
from handlers.inference.hosts import parse_hosts
from handlers.stage import Prompt
from tests.acceptance.conftest import FreshDatabase
from tests.ledger import Ledger
from tests.workshop import SPEED, Workshop, open_workshop

pytestmark = pytest.mark.asyncio(loop_scope="session")

CAPTION = "ollama_caption"
SECONDS = {"timeout": 3.0}
"""How long calls with that end may take; others have as long as a busy machine takes."""
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}


@dataclass(frozen=True)
class Fate:
    """What becomes of a job: its verdict, the tries it has burned, and how often the model was asked."""

    status: str
    attempt: int
    outcome: str
    host: str
    calls: int = 1


WAITS = Fate("due", 0, "unavailable", "open")
AGAIN = Fate("due", 1, "retry", "closed")
FAILED = Fate("failed", 0, "failed", "closed")
TWICE = Fate("failed", 0, "failed", "closed", calls=2)
PAGE = {"text": "<html>log in</html>", "status": 200, "headers": {"content-type": "text/html"}}

MODES: dict[str, tuple[dict[str, Any], Fate, str]] = {
    "1 refuse": ({"fault": "refuse"}, WAITS, "unreachable"),
    "2 reset in the body": ({"fault": "reset"}, AGAIN, "partial_answer"),
    "3 accept and hang": ({"fault": "hang"}, WAITS, "timeout"),
    "4 a byte now and then": ({"fault": "drip", "seconds": 600.0}, WAITS, "timeout"),
    "5 503": ({"fault": "status", "status": 503}, WAITS, "server_busy"),
    "6 404, model missing": ({"fault": "status", "status": 404}, WAITS, "model_missing"),
    "7 500": ({"fault": "status", "status": 500, "error": "out of luck"}, AGAIN, "server_error"),
    "8 200 and HTML": ({"fault": "body", **PAGE}, WAITS, "not_ollama"),
    "9 a short body": ({"fault": "broken_body"}, AGAIN, "garbled_response"),
    "10 length": ({"fault": "truncated"}, TWICE, "length"),
    "11 white space": ({"fault": "whitespace_flood"}, TWICE, "length"),
    "12 more than anybody reads": ({"fault": "body", "text": "x" * (2 << 20)}, AGAIN, "response_too_large"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def simulated(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulated]:
    """Return a host whose faults are scripted."""
    started = await start_simulated_ollama(tmp_path_factory.mktemp("ollama"), 8, SPEED)
    yield started
    await started.process.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(
    simulated: Simulated, stack: Stack, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Workshop]:
    """Return a workshop over that host."""
    folder: Path = tmp_path_factory.mktemp("shop")
    async with (
        FreshDatabase(stack.database_url, template) as url,
        open_pool(Database(url)) as pool,
        open_workshop(Ledger(pool), simulated, folder) as opened,
    ):
        yield opened


async def upload(shop: Workshop) -> None:
    """Bring the one picture anew; the host is trusted again."""
    pool, fleet = shop.ledger.pool, shop.fleet
    await pool.execute("TRUNCATE public.media CASCADE")
    await pool.execute("DELETE FROM bildwerk.media")
    await pool.execute("UPDATE bildwerk.slots SET owner = NULL, until = NULL, busy_until = NULL")
    fleet.health = HostHealth(fleet.ollama.hosts)
    await shop.ledger.plan(await pool.fetchval("INSERT INTO public.media (path) VALUES ('a.png') RETURNING id"))


@pytest.mark.parametrize("mode", MODES)
async def test_what_becomes_of_the_job(shop: Workshop, mode: str) -> None:
    rule, fate, reason = MODES[mode]
    await upload(shop)
    before = len(await shop.calls())
    shop.fleet.ollama.options = replace(shop.fleet.ollama.options, total_timeout=SECONDS.get(reason, 60.0))
    await shop.fail(**rule, match={"job": CAPTION})
    try:
        await shop.runner.run(await shop.claim())
    finally:
        await shop.heal()

    job = await shop.ledger.pool.fetchrow("SELECT * FROM bildwerk.jobs WHERE job_type = $1", CAPTION)
    run = await shop.ledger.pool.fetchrow("SELECT * FROM bildwerk.runs WHERE job_type = $1 ORDER BY id DESC", CAPTION)
    breaker = "closed" if shop.fleet.health.breaker(shop.fleet.ollama.hosts[0]).since is None else "open"
    asked = [call for call in (await shop.calls())[before:] if call["job"] == CAPTION]
    shown = Fate(job["status"], job["attempt"], run["outcome"], breaker, len(asked) or fate.calls)
    assert (shown, run["reason"]) == (fate, reason)


CALLS = 1000
FAST = {mode: rule for mode, (rule, fate, _) in MODES.items() if rule["fault"] not in {"refuse", "hang", "drip"}}
HANGING = "3 accept and hang"
EVERY = 100
"""One call of so many hangs until nobody waits for it any more."""


async def test_a_thousand_calls_leave_nothing_behind(simulated: Simulated) -> None:
    """No task, no socket: whatever went wrong, and however often."""
    (host,) = parse_hosts(f"{simulated.url}=8")
    turns, ended = asyncio.Semaphore(8), []
    async with httpx.AsyncClient(base_url=simulated.control_url, trust_env=False, timeout=60.0) as control:
        rules = [{**rule, "match": {"job": mode}} for mode, rule in {**FAST, HANGING: MODES[HANGING][0]}.items()]
        (await control.post("/control/faults", json=rules)).raise_for_status()
        async with Ollama([host], InferenceOptions("bildwerk-simulated", num_ctx=4096, total_timeout=10.0)) as ollama:
            await ollama.inspect_host(host)
            tasks, files = asyncio.all_tasks(), count_files()

            async def ask(number: int) -> None:
                mode = [*FAST][number % len(FAST)] if number % EVERY else HANGING
                question = Question("bildwerk-simulated", Prompt("Give a title.", 8), "en", None, SCHEMA, 7, mode)
                async with turns:
                    try:
                        if mode == HANGING:
                            await asyncio.wait_for(ollama.ask(host, question), 0.2)
                        else:
                            await ollama.ask(host, question)
                    except (Failure, TimeoutError) as error:
                        ended.append(type(error))

            await asyncio.gather(*map(ask, range(CALLS)))
            gc.collect()
            await asyncio.sleep(0.1)  # aiohttp cancels who writes a request and closes sockets without waiting for it
            assert len(ended) == CALLS
            assert set(ended) == {Transient, Unavailable, BadAnswer, TimeoutError}
            assert asyncio.all_tasks() - tasks == set()
            assert count_files() <= files + host.slots, "connections that wait to be used again"
        (await control.delete("/control/faults")).raise_for_status()


def count_files() -> int:
    """How many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
