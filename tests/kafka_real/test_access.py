"""Passwords by SCRAM over TLS, certificates on both sides, and what is said when either is wrong."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization

from bildwerk.sandbox.apache_kafka import start_cluster
from bildwerk.sandbox.kafka_jars import KafkaProgram
from bildwerk.sandbox.process import Process, Program, find_free_ports
from tests.acceptance import commands
from tests.acceptance.invariants import gather
from tests.acceptance.world import World, make_world
from tests.brokers import as_broker, on_request
from tests.compose.reading import load_services
from tests.kafka_real.broker import Kafka, fetch_kafka
from tests.kafka_real.conftest import QUICK
from tests.tls import Authority, make_authority

pytestmark = [pytest.mark.asyncio(loop_scope="session"), on_request]

USER, PASSWORD = "ingrid", "geheim"
SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"
SASL_SSL = "listener.name.sasl_ssl."
TOOLS = Path(__file__).with_name("tools.pom.xml")


@dataclass(frozen=True)
class Guarded:
    """A broker with a door for passwords and one for certificates; `authority` is the one of its certificate."""

    kafka: Kafka
    program: KafkaProgram
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
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """Return such a broker."""
    folder = tmp_path_factory.mktemp("guarded")
    program, authority = await fetch_kafka(), make_authority(folder / "tls")
    certificate, key = authority.issue("127.0.0.1")
    keys = folder / "keys.pem"  # Kafka wants the key in the form of PKCS #8
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    keys.write_bytes(serialization.load_pem_private_key(key.read_bytes(), None).private_bytes(*form))
    with keys.open("ab") as file:
        file.write(certificate.read_bytes())
    ports = find_free_ports(2)
    doors = "".join(f",{name}://127.0.0.1:{port}" for name, port in zip(("SASL_SSL", "SSL"), ports, strict=True))
    properties = {
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(keys),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
        "listener.name.ssl.ssl.client.auth": "required",
        f"{SASL_SSL}ssl.client.auth": "none",
        f"{SASL_SSL}sasl.enabled.mechanisms": "SCRAM-SHA-512",
        f"{SASL_SSL}scram-sha-512.sasl.jaas.config": f"{SCRAM_MODULE} required;",
    }
    cluster = await start_cluster(program, folder, properties=properties, doors=doors)
    (node,) = cluster.nodes
    words = ["--alter", "--add-config", f"SCRAM-SHA-512=[password={PASSWORD}]", "--entity-type", "users"]
    words += ["--bootstrap-server", node.address, "--entity-name", USER]
    await run(folder, [program.java, "-cp", f"{program.jars}/*", "kafka.admin.ConfigCommand", *words])
    yield Guarded(node, program, authority, *(f"127.0.0.1:{port}" for port in ports))
    await cluster.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def world(guarded: Guarded, database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Return a world whose own end comes in by the open door."""
    async with make_world(as_broker(guarded.kafka), database, tmp_path, uuid.uuid4().hex[:12], options=QUICK) as made:
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
        status, said = await commands.run(world, "migrate", "--topics", **way, **names)
        assert status == 0, said
        status, said = await commands.run(world, "doctor", **way, **names)
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
        attempts = (commands.run(world, command, **settings) for command in ("doctor", "serve"))
        for status, said in await asyncio.gather(*attempts):
            lines = [line for line in said.splitlines() if f"Kafka at {settings['KAFKA_BOOTSTRAP_SERVERS']}" in line]
            assert status == 1, said
            assert len(lines) == 1, said
            assert hint in lines[0]
            assert "canary" not in said
            assert PASSWORD not in said


async def test_the_health_check_of_docker_compose_tells_a_broker_that_is_there(
    guarded: Guarded, tmp_path: Path
) -> None:
    _, script, *arguments = load_services()["kafka"]["healthcheck"]["test"]
    assert script.endswith("/kafka-broker-api-versions.sh")  # which runs this class:
    main = "org.apache.kafka.tools.BrokerApiVersionsCommand"
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={tmp_path / 'jars'}"]
    await run(tmp_path, ["mvn", "--quiet", "--batch-mode", "--file", str(TOOLS), *goal])
    words = [word.replace("localhost:9092", guarded.kafka.address) for word in arguments]
    await run(tmp_path, [guarded.program.java, "-cp", f"{tmp_path / 'jars'}/*", main, *words])


async def run(folder: Path, argv: Sequence[str]) -> None:
    """Run a program to its end, which must be a good one."""
    log = folder / "run.log"
    process = await Process.start(Program(argv[0], argv, log, cwd=folder))
    try:
        async with asyncio.timeout(300):
            assert await process.wait() == 0, log.read_text(errors="replace")
    finally:
        await process.stop()
