"""TLS to a broker, and every way in which it does not come about. The broker has none: a door in front of it does."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import TopicPartition

from bildwerk.sandbox.addresses import Stack
from bildwerk.sandbox.broker import start_broker
from bildwerk.sandbox.process import find_free_port
from consumers.access import Access
from consumers.kafka import KafkaSettings, count_partitions, create_topics, make_consumer, make_producer
from consumers.trouble import explain
from contracts.topics import Topic
from tests.tls import Authority, kafka_door, make_authority

Open = Callable[..., Awaitable[str]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Return an authority of the test's own."""
    return make_authority(tmp_path / "tls")


@pytest_asyncio.fixture
async def open_door(tmp_path: Path) -> AsyncIterator[Open]:
    """Return a function `(context, users=None)` that starts a broker with TLS in front of it; gives its address."""
    async with AsyncExitStack() as exits:

        async def start(tls: ssl.SSLContext, users: Mapping[str, str] | None = None) -> str:
            port = find_free_port()
            process, address = await start_broker(tmp_path, f"127.0.0.1:{port}")
            exits.push_async_callback(process.stop)
            await exits.enter_async_context(kafka_door(port, address, tls, users))
            return f"127.0.0.1:{port}"

        yield start


def trusting(authority: Authority, ours: tuple[Path, Path] | None = None) -> Access:
    """Access by TLS that trusts an authority and shows a certificate of ours, if there is one."""
    context = ssl.create_default_context(cafile=authority.file)
    if ours:
        context.load_cert_chain(*ours)
    return Access("SSL", tls=context)


async def refused(server: str, access: Access, seconds: float = 5.0) -> str:
    """What is said of a server that does not let us in."""
    with pytest.raises(Exception, match=r".*") as caught:
        await count_partitions(KafkaSettings((server,), access=access, send_timeout=seconds))
    sentence = explain(caught.value)
    assert sentence is not None
    return sentence


async def test_topics_messages_and_groups_go_through_tls_with_a_certificate_of_ours(
    open_door: Open, authority: Authority
) -> None:
    server = await open_door(authority.server("127.0.0.1", asks=True))
    access = trusting(authority, authority.issue("bildwerk"))
    settings = KafkaSettings((server,), idempotence=False, access=access, session_timeout=2.0, rebalance_timeout=4.0)

    assert len(await create_topics(settings, partitions=1)) == len(Topic)
    producer, consumer = make_producer(settings), make_consumer(settings)
    await producer.start()
    await producer.send_and_wait(Topic.MEDIA_CREATED.value, b"hello")
    await producer.stop()
    await consumer.start()
    consumer.assign([TopicPartition(Topic.MEDIA_CREATED.value, 0)])
    async with asyncio.timeout(30):
        record = await consumer.getone()
    await consumer.stop()

    assert record.value == b"hello"


async def test_a_broker_of_another_authority_is_not_spoken_to(
    open_door: Open, authority: Authority, tmp_path: Path
) -> None:
    server = await open_door(make_authority(tmp_path / "other").server("127.0.0.1"))

    said = await refused(server, trusting(authority))

    assert said.startswith("shows a certificate of an authority that is not trusted: BILDWERK_KAFKA_CA_FILE must name")


async def test_a_broker_of_another_name_is_not_spoken_to(open_door: Open, authority: Authority) -> None:
    server = await open_door(authority.server("kafka.example"))

    said = await refused(server, trusting(authority))

    assert said.startswith("shows a certificate for another name: ")
    assert said.endswith("KAFKA_BOOTSTRAP_SERVERS")


async def test_a_broker_that_wants_a_certificate_of_ours_says_so(
    open_door: Open, authority: Authority, tmp_path: Path
) -> None:
    server = await open_door(authority.server("127.0.0.1", asks=True))
    stranger = make_authority(tmp_path / "stranger").issue("bildwerk")

    for access in (trusting(authority), trusting(authority, stranger)):
        said = await refused(server, access)
        assert "certificate? " in said  # where the server does not say so, which is its choice
        assert "BILDWERK_KAFKA_CERTIFICATE_FILE" in said


async def test_a_broker_without_tls_is_told_from_one_that_is_away(stack: Stack, authority: Authority) -> None:
    kafka = stack.kafka_bootstrap_servers
    assert (await refused(kafka, trusting(authority), 1.0)).startswith("is there but does not answer: ")
    assert "TLS" in await refused(kafka, trusting(authority), 1.0)
    away = f"127.0.0.1:{find_free_port()}"
    assert (await refused(away, trusting(authority))).startswith("does not answer: is it running")


async def test_a_broker_with_tls_is_not_spoken_to_without(open_door: Open, authority: Authority) -> None:
    server = await open_door(authority.server("127.0.0.1"))

    said = await refused(server, Access())

    assert "TLS" in said
    assert "BILDWERK_KAFKA_SECURITY_PROTOCOL" in said


async def test_one_server_of_several_that_lets_us_in_is_enough(open_door: Open, authority: Authority) -> None:
    server = await open_door(authority.server("127.0.0.1"))
    servers = (f"127.0.0.1:{find_free_port()}", server)

    assert await count_partitions(KafkaSettings(servers, access=trusting(authority)))


async def test_who_knows_the_password_gets_in_and_who_does_not_is_told(open_door: Open, authority: Authority) -> None:
    server = await open_door(authority.server("127.0.0.1"), {"ingrid": "geheim"})
    tls = trusting(authority).tls

    async def tried(mechanism: str, user: str, password: str) -> str:
        return await refused(server, Access("SASL_SSL", mechanism, user, password, tls))

    inside = KafkaSettings((server,), idempotence=False, access=Access("SASL_SSL", "PLAIN", "ingrid", "geheim", tls))
    assert len(await create_topics(inside, partitions=1)) == len(Topic)
    producer = make_producer(inside)
    await producer.start()
    await producer.send_and_wait(Topic.MEDIA_CREATED.value, b"hello")
    await producer.stop()
    wrong = "refuses the user or the password: check BILDWERK_KAFKA_USER and BILDWERK_KAFKA_PASSWORD"
    assert await tried("PLAIN", "ingrid", "falsch") == wrong
    assert await tried("PLAIN", "niemand", "geheim") == wrong
    assert "BILDWERK_KAFKA_SASL_MECHANISM" in await tried("SCRAM-SHA-512", "ingrid", "geheim")
