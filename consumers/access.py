"""How a Kafka cluster lets us in: encryption, who we are, and why it does not."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.metadata import MetadataRequest


class NotLetInError(KafkaConnectionError):  # type: ignore[misc]
    """A server that is there does not answer: it may expect TLS, a certificate or a password."""


@dataclass(frozen=True, slots=True)
class Access:
    """One of Kafka's four security protocols and what it needs; `tls` holds authorities and our certificate.

    `user` and `password` belong to the protocols with SASL in their name, `tls` to those with SSL.
    """

    protocol: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of every client of aiokafka."""
        return {
            "security_protocol": self.protocol,
            "ssl_context": self.tls,
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
        }


PLAIN: Final = Access()
"""No encryption, and nobody in particular."""


async def find_refusal(servers: Sequence[str], access: Access, seconds: float) -> Exception | None:
    """Why the first server that is there does not let us in, each given so many seconds; None: one does, or none is.

    aiokafka tries one server after the other, and tells at the end only that none would do.
    """
    refusal: Exception | None = None
    for host, port, _ in collect_hosts(list(servers), randomize=False):
        if not await _is_there(host, port, seconds):
            continue
        try:
            await _enter(host, port, access, seconds)
        except (KafkaError, OSError, TimeoutError) as error:
            refusal = refusal or error
        else:
            return None
    return refusal


async def _is_there(host: str, port: int, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _enter(host: str, port: int, access: Access, seconds: float) -> None:
    milliseconds = round(seconds * 1000)
    connection = None
    try:
        connection = await create_conn(
            host, port, client_id="bildwerk", request_timeout_ms=milliseconds, **access.arguments()
        )
        await connection.send(MetadataRequest([]))
    except (KafkaConnectionError, OSError, TimeoutError) as error:
        raise NotLetInError(f"{host}:{port} does not answer us") from error
    finally:
        if connection is not None:
            connection.close()
