"""Databases, topics and settings of a measurement's own, on an embedded stack."""

import itertools
import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import orjson
from pydantic import SecretStr

from bildwerk.sandbox.simulated_ollama.models import SIMULATED
from bildwerk.settings import Settings
from consumers.kafka import KafkaSettings, create_topics, make_producer
from contracts.topics import Topic
from handlers.inference.hosts import parse_hosts

REPOSITORY = Path(__file__).parents[1]
PARTITIONS = 4
_numbers = itertools.count(1)


async def create_database(server: str, template: str | None = None) -> str:
    """Make a new database, a copy of the one behind the URL `template` if given; returns its URL."""
    name = f"bench_{next(_numbers)}"
    source = f" TEMPLATE {urlsplit(template).path[1:]}" if template else ""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name}{source}")
    finally:
        await connection.close()
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


async def run_statement(database: str, statement: str, *arguments: object) -> None:
    """Run one statement on a connection of its own: nobody stays connected to a database that is to be copied."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(statement, *arguments)
    finally:
        await connection.close()


async def make_kafka(servers: str, partitions: int = PARTITIONS) -> KafkaSettings:
    """Settings for new topics on a broker.

    The embedded one admits a member after half its session time-out, and sees new messages a few times in a wait.
    """
    word = uuid.uuid4().hex[:12]
    topics = {topic: f"{word}.{topic.value}" for topic in Topic}
    settings = KafkaSettings(
        (servers,), f"bench-{word}", topics, idempotence=False, session_timeout=6.0, fetch_wait=0.02
    )
    await create_topics(settings, partitions)
    return settings


def make_settings(database: str, kafka: KafkaSettings, hosts: str, folder: Path, **more: Any) -> Settings:
    """Settings of a service on these, with its files in `folder`; it asks as it is told, without a probe."""
    given: dict[str, Any] = {
        "database_url": SecretStr(database),
        "kafka_bootstrap_servers": kafka.servers,
        "ollama_host": parse_hosts(hosts),
    }
    return Settings(**{**given, **_list_settings(kafka, folder), **more})


def make_environment(database: str, kafka: KafkaSettings, hosts: str, folder: Path, **more: object) -> dict[str, str]:
    """The same for a process of its own, as variables."""
    where = {"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": ",".join(kafka.servers), "OLLAMA_HOST": hosts}
    settings = {**_list_settings(kafka, folder), **more}
    named = {f"BILDWERK_{name.upper()}": str(value) for name, value in settings.items()}
    return {"PATH": os.defpath, "HOME": str(folder), "PYTHONPATH": str(REPOSITORY), **where, **named}


def _list_settings(kafka: KafkaSettings, folder: Path) -> dict[str, Any]:
    media = folder / "media"
    media.mkdir(exist_ok=True)
    return {
        "kafka_group": kafka.group,
        "kafka_session_timeout_seconds": kafka.session_timeout,
        "kafka_idempotence": kafka.idempotence,
        "kafka_fetch_wait_seconds": kafka.fetch_wait,
        **{f"topic_{topic.name.lower()}": name for topic, name in kafka.topics.items()},
        "model": SIMULATED,
        "layout": "split",
        "fused": "never",
        "media_root": media,
        "cache_folder": folder / "cache",
        "web_port": 0,
    }


async def announce(settings: KafkaSettings, media: Iterable[int]) -> None:
    """Say of media that they were created, as a platform does: plain JSON, keyed by the id."""
    producer = make_producer(settings)
    await producer.start()
    try:
        name = settings.name(Topic.MEDIA_CREATED)
        sent = [await producer.send(name, orjson.dumps({"media_id": m}), str(m).encode()) for m in media]
        for message in sent:
            await message
    finally:
        await producer.stop()
