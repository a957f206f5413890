"""Passwords by SCRAM over TLS, certificates on both sides, and what is said when either is wrong."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization

from bildwerk.sandbox.process import find_free_port
from tests.acceptance.invariants import gather
from tests.acceptance.world import Broker, World, make_world
from tests.compose.reading import load_services
from tests.kafka_real.broker import Kafka, java, run, start_kafka
from tests.kafka_real.conftest import QUICK
from tests.kafka_real.test_commands import bildwerk
from tests.tls import Authority, make_authority

pytestmark = pytest.mark.asyncio(loop_scope="session")

USER, PASSWORD = "ingrid", "geheim"
SCRAM = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
MORE = """\
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
ssl.keystore.type=PEM
ssl.keystore.location={keys}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
listener.name.ssl.ssl.client.auth=required
listener.name.sasl_ssl.ssl.client.auth=none
listener.name.sasl_ssl.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


@dataclass(frozen=True)
class Guarded:
    """A broker with a door for passwords and one for certificates; `authority` is the one of its certificate."""

    kafka: Kafka
    authority: Authority
    passwords: str
    certificates: str

    def by_password(self, **settings: object) -> dict[str, object]:
        """Settings that get in by SASL_SSL."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.passwords,
            "kafka_security_protocol": "SASL_SSL",
            "kafka_ca_file": self.authority.file,
            "kafka_user": USER,
            "kafka_password": PASSWORD,
            **settings,
        }

    def by_certificate(self, **settings: object) -> dict[str, object]:
        """Settings that get in by SSL."""
        certificate, key = self.authority.issue("bildwerk")
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.certificates,
            "kafka_security_protocol": "SSL",
            "kafka_ca_file": self.authority.file,
            "kafka_certificate_file": certificate,
            "kafka_key_file": key,
            **settings,
        }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def guarded(jars: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """Return such a broker."""
    folder = tmp_path_factory.mktemp("guarded")
    authority = make_authority(folder / "tls")
    certificate, key = authority.issue("127.0.0.1")
    keys = folder / "keys.pem"  # Kafka wants the key in the form of PKCS #8
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    keys.write_bytes(serialization.load_pem_private_key(key.read_bytes(), None).private_bytes(*form))
    with keys.open("ab") as file:
        file.write(certificate.read_bytes())
    ports = find_free_port(), find_free_port()
    doors = f",SASL_SSL://127.0.0.1:{ports[0]},SSL://127.0.0.1:{ports[1]}"
    kafka = await start_kafka(folder, jars, doors, MORE.format(keys=keys, authority=authority.file), [SCRAM])
    yield Guarded(kafka, authority, *(f"127.0.0.1:{port}" for port in ports))
    await kafka.process.stop(30.0)


@pytest_asyncio.fixture(loop_scope="session")
async def world(guarded: Guarded, database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Return a world whose own end comes in by the open door."""
    broker = Broker(guarded.kafka.address, idempotence=True)
    async with make_world(broker, database, tmp_path, uuid.uuid4().hex[:12], options=QUICK) as made:
        made.settings["kafka_session_timeout_seconds"] = "45"
        yield made


async def test_pictures_are_captioned_by_instances_that_come_in_by_password_and_by_certificate(
    guarded: Guarded, world: World
) -> None:
    media = await world.add(20)
    services = [await world.serve(**guarded.by_password()), await world.serve(**guarded.by_certificate())]
    for service in services:
        await service.started()
    await world.wire.created(media)
    await world.settled(media)

    evidence = await gather(world)
    evidence.check()
    assert len(evidence.first_events) == 40
    assert [await service.stop() for service in services] == [0, 0]
    for service in services:
        assert USER not in service.log
        assert PASSWORD not in service.log


async def test_topics_are_made_by_who_may_come_in(guarded: Guarded, world: World) -> None:
    names = {"topic_media_created": f"fresh.{world.word}"}
    for way in (guarded.by_password(), guarded.by_certificate()):
        status, said = await bildwerk(world, "migrate", "--topics", **way, **names)
        assert status == 0, said
        status, said = await bildwerk(world, "doctor", **way, **names)
        assert f"ok    Kafka at {way['KAFKA_BOOTSTRAP_SERVERS']}: reachable" in said


async def test_each_thing_that_is_wrong_is_one_line_of_doctor_and_of_serve(guarded: Guarded, world: World) -> None:
    stranger = make_authority(world.folder / "stranger")
    certificate, key = stranger.issue("bildwerk")
    cases: list[tuple[dict[str, object], str]] = [
        (guarded.by_password(kafka_password="canary"), "refuses the user or the password"),
        (guarded.by_password(kafka_user="nobody"), "refuses the user or the password"),
        (guarded.by_password(kafka_sasl_mechanism="SCRAM-SHA-256"), "does not take passwords in this way"),
        (guarded.by_password(kafka_ca_file=stranger.file), "of an authority that is not trusted"),
        (guarded.by_certificate(kafka_certificate_file=certificate, kafka_key_file=key), "certificate"),
        (guarded.by_certificate(kafka_certificate_file="", kafka_key_file=""), "certificate"),
        ({"KAFKA_BOOTSTRAP_SERVERS": guarded.passwords}, "BILDWERK_KAFKA_SECURITY_PROTOCOL"),
        (guarded.by_password(KAFKA_BOOTSTRAP_SERVERS=guarded.kafka.address), "BILDWERK_KAFKA_SECURITY_PROTOCOL"),
    ]

    for settings, hint in cases:
        attempts = (bildwerk(world, command, **settings) for command in ("doctor", "serve"))
        for status, said in await asyncio.gather(*attempts):
            lines = [line for line in said.splitlines() if f"Kafka at {settings['KAFKA_BOOTSTRAP_SERVERS']}" in line]
            assert status == 1, said
            assert len(lines) == 1, said
            assert hint in lines[0]
            assert "canary" not in said
            assert PASSWORD not in said


async def test_the_health_check_of_docker_compose_tells_a_broker_that_is_there(
    guarded: Guarded, jars: Path, tmp_path: Path
) -> None:
    _, program, *arguments = load_services()["kafka"]["healthcheck"]["test"]
    assert program.endswith("/kafka-broker-api-versions.sh")  # which runs this class:
    words = [word.replace("localhost:9092", guarded.kafka.address) for word in arguments]
    async with asyncio.timeout(60):
        await run(tmp_path, *java(jars, "org.apache.kafka.tools.BrokerApiVersionsCommand"), *words)
