"""A second installation in a process of its own: it has its own ledger, and hears of the first by events alone."""

import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bench.backlog import make_backlog
from bench.services import make_environment, make_settings
from bildwerk.sandbox.process import Process, Program
from consumers.kafka import KafkaSettings
from db.pool import Database, connect

START_SECONDS = 60.0
STARTED = re.compile(r'"event":"service.started"')
SETTINGS = {"foreign_job_types": "ollama_caption", "job_types": "ollama_caption,ollama_title"}


@asynccontextmanager
async def run_elsewhere(
    database: str, kafka: KafkaSettings, hosts: str, folder: Path, media: range
) -> AsyncIterator[None]:
    """Run `bildwerk serve` on an empty schema; its media wait to be told that they have captions."""
    kafka = replace(kafka, group=f"{kafka.group}-elsewhere")
    foreign = {name: tuple(value.split(",")) for name, value in SETTINGS.items()}
    connection = await connect(Database(database))
    try:
        await make_backlog(connection, make_settings(database, kafka, hosts, folder, **foreign), media)
    finally:
        await connection.close()
    log = folder / "serve.log"
    environment = make_environment(database, kafka, hosts, folder, **SETTINGS)
    argv = [sys.executable, "-m", "bildwerk", "serve"]
    process = await Process.start(Program("bildwerk serve", argv, log, cwd=folder, environment=environment))

    async def started() -> re.Match[str] | None:
        return STARTED.search(log.read_text(errors="replace"))

    try:
        await process.wait_until(started, START_SECONDS)
        yield
    finally:
        await process.stop()
