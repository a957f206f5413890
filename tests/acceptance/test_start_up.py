"""Starting with anything missing ends with one clear line and a status other than zero, and nothing is logged."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import pytest_asyncio

from bildwerk.sandbox.process import find_free_port
from tests.acceptance.conftest import QUICK, MakeWorld
from tests.acceptance.world import Service, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOWHERE = f"127.0.0.1:{find_free_port()}"
MISSING: Mapping[str, tuple[dict[str, str], str]] = {
    "the database": ({"DATABASE_URL": f"postgresql://me:canary-secret@{NOWHERE}/x"}, "PostgreSQL at"),
    "the database's address": ({"DATABASE_URL": ""}, "DATABASE_URL"),
    "the schema": ({"DATABASE_URL": "<empty>"}, "bildwerk migrate"),
    "Kafka": ({"KAFKA_BOOTSTRAP_SERVERS": NOWHERE}, "Kafka at"),
    "a topic": ({"topic_media_updated": "there.is.none"}, "there.is.none"),
    "the media root": ({"media_root": "/nowhere/at/all"}, "BILDWERK_MEDIA_ROOT"),
    "Ollama": ({"OLLAMA_HOST": f"http://{NOWHERE}"}, NOWHERE),
    "the model": ({"model": "no-such-model:1b"}, "no-such-model:1b"),
    "a setting of that name": ({"medai_root": "x"}, "did you mean BILDWERK_MEDIA_ROOT?"),
    "a number where one is wanted": ({"lease_seconds": "soon"}, "BILDWERK_LEASE_SECONDS"),
    "a known job type": ({"foreign_job_types": "ollama_poem"}, "ollama_poem"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(make_shared: MakeWorld) -> World:
    """Return a world in which nothing is missing."""
    return await make_shared(*QUICK)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def attempts(shared: World) -> dict[str, Service]:
    """Return attempts to start, side by side, each without something."""
    await shared.pool.execute("CREATE DATABASE empty_of_all")
    empty = urlunsplit(urlsplit(shared.database)._replace(path="/empty_of_all"))

    async def attempt(settings: dict[str, str]) -> Service:
        return await shared.serve(**{name: empty if value == "<empty>" else value for name, value in settings.items()})

    return {what: await attempt(settings) for what, (settings, _) in MISSING.items()}


@pytest.mark.parametrize("what", MISSING)
async def test_without_it_one_clear_line_and_no_start(attempts: dict[str, Service], what: str) -> None:
    service, (_, hint) = attempts[what], MISSING[what]

    async with asyncio.timeout(60):
        status = await service.process.wait()

    assert status not in (0, None)
    (line,) = service.log.splitlines()
    assert line.startswith("bildwerk: ")
    assert hint in line
    assert "canary-secret" not in line
    assert "Traceback" not in line


async def test_an_empty_media_root_is_fine_before_the_first_upload(shared: World, tmp_path: Path) -> None:
    service = await shared.serve(media_root=tmp_path)

    await service.started()

    assert await service.stop() == 0
