"""What commands say when a server cannot be trusted, or does not trust us: one line, and no password in it."""

import asyncio
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

import pytest

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.process import find_free_port
from tests.bildwerk.cli.conftest import NOWHERE, Bildwerk, Said
from tests.tls import Authority, kafka_door, make_authority, postgres_door


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Return an authority of the test's own."""
    return make_authority(tmp_path / "tls")


def told(said: Said, server: str) -> str:
    """The one line about a server, from a command that ended with status 1."""
    assert said.status == 1
    lines = [line for line in (*said.lines, *said.out.splitlines()) if f" {server} at " in line]
    (line,) = (line.removeprefix("bildwerk: ").removeprefix("FAIL  ") for line in lines)
    return line.removeprefix(server).partition(" ")[2].partition(" ")[2]


def through(url: str, port: int, **options: object) -> str:
    """The URL by another port, with options."""
    parts = urlsplit(url)
    place = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{port}"
    return urlunsplit(parts._replace(netloc=place, query=urlencode(options)))


async def test_no_command_trusts_a_postgresql_of_another_authority(
    bildwerk: Bildwerk, authority: Authority, database: str, tmp_path: Path
) -> None:
    tls = make_authority(tmp_path / "other").server("127.0.0.1")
    async with postgres_door(urlsplit(database).port or 0, tls) as port:
        url = through(database, port, sslmode="verify-full", sslrootcert=authority.file)
        settings = NOWHERE | {"DATABASE_URL": url}
        for said in await asyncio.gather(*(bildwerk(name, **settings) for name in ("migrate", "doctor", "serve"))):
            assert "of an authority that is not trusted: sslrootcert in DATABASE_URL must" in told(said, "PostgreSQL")
            assert (urlsplit(database).password or "") not in said.out + said.err


async def test_a_command_works_through_tls(bildwerk: Bildwerk, authority: Authority, database: str) -> None:
    async with postgres_door(urlsplit(database).port or 0, authority.server("127.0.0.1")) as port:
        url = through(database, port, sslmode="verify-full", sslrootcert=authority.file)
        said = await bildwerk("migrate", **(NOWHERE | {"DATABASE_URL": url}))
    assert said.status == 0
    assert "is up to date" in said.err


async def test_no_command_trusts_a_kafka_of_another_authority(
    bildwerk: Bildwerk, authority: Authority, database: str, stack: Stack, tmp_path: Path
) -> None:
    port = find_free_port()
    settings = NOWHERE | {
        "DATABASE_URL": database,
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
        "BILDWERK_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "BILDWERK_KAFKA_CA_FILE": str(authority.file),
        "BILDWERK_KAFKA_USER": "ingrid",
        "BILDWERK_KAFKA_PASSWORD": "geheim",
    }
    async with kafka_door(port, stack.kafka_bootstrap_servers, make_authority(tmp_path / "other").server("127.0.0.1")):
        commands = (("migrate", "--topics"), ("doctor",), ("serve",))
        for said in await asyncio.gather(*(bildwerk(*words, **settings) for words in commands)):
            assert "of an authority that is not trusted: BILDWERK_KAFKA_CA_FILE must" in told(said, "Kafka")
            assert "ingrid" not in said.out + said.err


async def test_a_password_that_kafka_does_not_know_is_one_line(
    bildwerk: Bildwerk, authority: Authority, database: str, stack: Stack
) -> None:
    port = find_free_port()
    settings = NOWHERE | {
        "DATABASE_URL": database,
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
        "BILDWERK_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "BILDWERK_KAFKA_SASL_MECHANISM": "PLAIN",
        "BILDWERK_KAFKA_CA_FILE": str(authority.file),
        "BILDWERK_KAFKA_USER": "ingrid",
        "BILDWERK_KAFKA_PASSWORD": "geheim",
    }
    async with kafka_door(port, stack.kafka_bootstrap_servers, authority.server("127.0.0.1"), {"ingrid": "canary"}):
        for said in await asyncio.gather(*(bildwerk(name, **settings) for name in ("doctor", "serve"))):
            assert "refuses the user or the password: check BILDWERK_KAFKA_USER and" in told(said, "Kafka")
            assert "ingrid" not in said.out + said.err


async def test_a_password_without_a_user_is_one_line_and_covered_where_settings_are_listed(bildwerk: Bildwerk) -> None:
    settings = NOWHERE | {"BILDWERK_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "BILDWERK_KAFKA_PASSWORD": "geheim"}
    *refused, listed = await asyncio.gather(*(bildwerk(name, **settings) for name in ("doctor", "serve", "config")))
    for said in refused:
        assert said.status == 1
        assert said.lines == ["bildwerk: BILDWERK_KAFKA_USER is not set: SASL_SSL needs it"]
    assert "BILDWERK_KAFKA_PASSWORD=********" in listed.out.splitlines()
    assert listed.lines == []
