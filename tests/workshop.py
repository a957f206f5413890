"""A runner with a picture, a real PostgreSQL and a simulated Ollama in a process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from PIL import Image

from bildwerk.sandbox.ollama import Simulated
from consumers.fleet import Fleet
from consumers.inspector import Inspector
from consumers.seeker import DuplicateSeeker
from consumers.store import Store
from db import leases
from handlers.inference.client import InferenceOptions, Ollama
from handlers.inference.health import HostHealth
from handlers.inference.hosts import parse_hosts
from handlers.inspect.limits import PictureLimits
from handlers.inspect.pool import PicturePool
from handlers.inspect.references import MediaRoot
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Sources
from handlers.models import Models
from handlers.runner.asking import Asker
from handlers.runner.finishing import Finisher
from handlers.runner.medium import Runner
from handlers.runner.seeking import Seeker
from handlers.runner.work import Work
from tests.ledger import MODEL, PATIENT, Ledger

SPEED = ("--picture-seconds", "0.05", "--token-seconds", "0.0005", "--load-seconds", "0.01")


@dataclass
class Workshop:
    """A runner with all it needs, and what a test does to its surroundings."""

    ledger: Ledger
    folder: Path
    runner: Runner
    inspector: Inspector
    fleet: Fleet
    control: httpx.AsyncClient

    async def inspect(self) -> None:
        """Inspect what waits, and look for duplicates."""
        await self.inspector.inspect_batch()
        planner = self.inspector.planner
        seeker = DuplicateSeeker(self.ledger.pool, planner, Seeker(self.ledger.pool, planner))
        while await seeker.plan_called() or await seeker.seek_batch():
            pass

    async def claim(self) -> Work:
        """Inspect what waits, then lease the next medium and a slot."""
        await self.inspect()
        hosts = await self.register()
        async with self.ledger.pool.acquire() as connection:
            claim = await leases.claim(connection, uuid4(), timedelta(seconds=60), hosts)
        assert claim is not None
        return Work(claim)

    async def register(self) -> list[tuple[str, int]]:
        """Make the server's slots known; (name, slots) of the one host."""
        hosts = [(host.name, host.slots) for host in self.fleet.ollama.hosts]
        async with self.ledger.pool.acquire() as connection:
            await leases.register_slots(connection, hosts)
        return hosts

    async def fail(self, fault: str, **rule: Any) -> None:
        """Script a fault of the next calls."""
        answer = await self.control.post("/control/faults", json=[{"fault": fault, **rule}])
        assert answer.is_success, answer.text

    async def heal(self) -> None:
        """End all faults."""
        await self.control.delete("/control/faults")

    async def is_asked(self) -> bool:
        """Whether the server is at a call: its run is there before the call is sent."""
        return bool((await self.control.get("/control/state")).json()["running"])

    async def calls(self) -> list[dict[str, Any]]:
        """Every model call the server saw, in order, probes aside."""
        calls = (await self.control.get("/control/calls")).json()["calls"]
        return [call for call in calls if call["path"] == "/api/chat" and not call["probe"]]

    async def shown(self) -> dict[str, tuple[str, str]]:
        """(status, reason) by job type."""
        rows = await self.ledger.pool.fetch("SELECT job_type, status, reason FROM bildwerk.jobs ORDER BY job_type")
        return {row["job_type"]: (row["status"], row["reason"]) for row in rows}


@asynccontextmanager
async def open_workshop(
    ledger: Ledger, simulated: Simulated, place: Path, call_seconds: float = 600.0
) -> AsyncIterator[Workshop]:
    """A workshop in an empty folder with one picture, planned and not inspected yet; the server has two slots."""
    folder = place / "media"
    folder.mkdir()
    Image.new("RGB", (64, 48), "orange").save(folder / "a.png")
    hosts = parse_hosts(f"{simulated.url}=2")
    cache = RenditionCache(place / "cache", 1 << 24)
    options = InferenceOptions(MODEL, num_ctx=4096, total_timeout=call_seconds)
    async with (
        PicturePool(
            Sources({"": MediaRoot(folder), "scans": MediaRoot(place / "scans")}), PictureLimits(), cache, 1
        ) as pictures,
        Ollama(hosts, options) as ollama,
        httpx.AsyncClient(base_url=simulated.control_url, timeout=60.0) as control,
    ):
        store, fleet = Store(pictures), Fleet(ollama, HostHealth(hosts))
        runner = Runner(ledger.pool, Finisher(ledger.planner, PATIENT), Asker(store, fleet, Models(MODEL)))
        inspector = Inspector(ledger.pool, ledger.planner, store, lambda: None)
        await ledger.pool.execute("INSERT INTO media (path) VALUES ('a.png')")
        await ledger.plan(1)
        yield Workshop(ledger, folder, runner, inspector, fleet, control)
