"""`bildwerk up`: what it shows of the work does not end the work."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from bildwerk.cli.up import _watch
from bildwerk.environment import read
from bildwerk.sandbox.addresses import Stack
from bildwerk.settings import Settings
from db.pool import Database, open_pool
from tests.acceptance.polling import until
from tests.bildwerk.cli.conftest import NOWHERE


async def test_the_progress_goes_on_when_postgresql_was_away(
    stack: Stack, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**NOWHERE, "DATABASE_URL": database, "BILDWERK_MEDIA_ROOT": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    settings, sheet = read(Settings), tmp_path / "contact-sheet"
    name = database.rpartition("/")[2].partition("?")[0]
    admin = await asyncpg.connect(stack.database_url)
    async with open_pool(Database(database, pool_size=2)) as pool:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        with capture_logs() as logs:
            watching = asyncio.create_task(_watch(pool, settings, sheet))

            async def not_shown() -> bool:
                return any(entry["event"] == "up.not_shown" for entry in logs) or watching.done()

            async def made() -> bool:
                return (sheet / "index.html").exists() or watching.done()

            try:
                await until(not_shown, 60.0)
            finally:
                await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
                await admin.close()
            await until(made, 60.0)
        assert not watching.done()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
