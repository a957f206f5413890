"""Connections of one command: refused with a line that says what, where and what to do."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from bildwerk.addresses import name_database
from bildwerk.arguments import make_database
from bildwerk.cli.problem import Problem
from bildwerk.settings import Settings
from consumers import trouble as kafka_trouble
from db import trouble as postgres_trouble
from db.migrate import pending
from db.pool import Connection, connect


def name_postgres(settings: Settings) -> str:
    """`PostgreSQL at host:port/database`, without user and password."""
    return f"PostgreSQL at {name_database(settings.database_url.get_secret_value())}"


def name_kafka(settings: Settings) -> str:
    """`Kafka at host:port`."""
    return f"Kafka at {','.join(settings.kafka_bootstrap_servers)}"


@contextmanager
def blame_postgres(settings: Settings) -> Iterator[None]:
    """Turn what the database refuses into a Problem that names it."""
    try:
        yield
    except Exception as error:
        sentence = postgres_trouble.explain(error)
        if sentence is None:
            raise
        raise Problem(f"{name_postgres(settings)} {sentence}") from error


@contextmanager
def blame_kafka(settings: Settings) -> Iterator[None]:
    """Turn what Kafka refuses into a Problem that names it."""
    try:
        yield
    except Exception as error:
        sentence = kafka_trouble.explain(error)
        if sentence is None:
            raise
        raise Problem(f"{name_kafka(settings)} {sentence}") from error


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Connection]:
    """One connection to a database whose schema is there and new enough. Raises Problem."""
    with blame_postgres(settings):
        connection = await connect(make_database(settings))
        try:
            if await pending(connection):
                where = name_postgres(settings)
                raise Problem(f"{where} lacks our schema or a part of it: run `bildwerk migrate`")
            yield connection
        finally:
            await connection.close()
