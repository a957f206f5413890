"""`bildwerk migrate`: the schema, and on request the topics."""

import asyncio
from typing import Annotated

import typer

from bildwerk.arguments import make_kafka, make_platform
from bildwerk.cli.connections import blame_kafka, blame_postgres, name_kafka, name_postgres
from bildwerk.cli.problem import Problem
from bildwerk.environment import read
from bildwerk.settings import Settings
from consumers.kafka import create_topics
from contracts.topics import Topic
from db import migrate as migrations


def migrate(
    topics: Annotated[bool, typer.Option("--topics", help="Create the Kafka topics that are missing, too.")] = False,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of a new topic.")] = 12,
    service: Annotated[
        str | None, typer.Option(help="Let this role, that of `bildwerk serve`, work in our schema.", metavar="ROLE")
    ] = None,
    replication: Annotated[int, typer.Option(min=1, help="Copies of a new topic; production wants 3.")] = 1,
) -> None:
    """Bring the database to the newest schema. Safe to run twice, and by several processes at once."""
    settings = read(Settings)
    asyncio.run(migrate_database(settings, service))
    if topics:
        asyncio.run(make_topics(settings, partitions, replication))


async def migrate_database(settings: Settings, service: str | None = None) -> None:
    """Apply what is pending and say what was done; `service` is the role of those that serve. Raises Problem."""
    with blame_postgres(settings):
        try:
            dsn = settings.database_url.get_secret_value()
            done = await migrations.migrate(dsn, make_platform(settings), service=service)
        except migrations.PlatformMissing as missing:
            raise Problem(
                f"{name_postgres(settings)} has no table {missing}: say in BILDWERK_PLATFORM which holds the media, "
                "or leave it out to have tables made"
            ) from None
    for name in done.applied:
        typer.echo(f"applied {name}", err=True)
    if service is not None:
        typer.echo(f"{service} may work in the schema bildwerk", err=True)
    whose = "with the media tables of its own" if done.owns_platform else "beside the platform's media tables"
    typer.echo(f"{name_postgres(settings)} is up to date, {whose}", err=True)


async def make_topics(settings: Settings, partitions: int = 12, replication: int = 1) -> None:
    """Create the missing topics and say which. Raises Problem."""
    with blame_kafka(settings):
        made = await create_topics(make_kafka(settings), partitions, replication)
    for name in made:
        typer.echo(f"created the topic {name}", err=True)
    typer.echo(f"{name_kafka(settings)} has all {len(Topic)} topics", err=True)
