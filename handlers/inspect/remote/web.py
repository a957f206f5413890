"""Pictures behind http and https: fetched from hosts that are allowed, at addresses looked up once and checked."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, AI_NUMERICHOST, SOCK_STREAM
from typing import Any, Final
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from handlers.failures import Failure, Invalid, Unavailable
from handlers.inspect.places import Place
from handlers.inspect.reasons import Reason
from handlers.inspect.remote.addresses import Address, Network, is_allowed
from handlers.inspect.remote.bodies import gather_body
from handlers.inspect.remote.urls import Url, read_url

MAX_REDIRECTS: Final = 3
CHUNK: Final = 65_536
PATIENCE: Final = 10
"""What was too slow is left alone for so many times the limit."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_AWAY = frozenset({429, 502, 503, 504})
_DENIED = frozenset({401, 403, 407, 451})

LookUp = Callable[[str, int], Awaitable[Sequence[Address]]]


async def look_up(host: str, port: int) -> Sequence[Address]:
    """The addresses of a host name, as this computer knows them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=SOCK_STREAM)
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True, eq=False)
class Web:
    """What may be fetched from the web: from which `hosts` (see `Url.is_among`), in how many `seconds` altogether.

    `networks` are addresses that are allowed though they are not public. `tls` says which certificates are good.
    """

    hosts: Collection[str]
    networks: Sequence[Network] = ()
    seconds: float = 60.0
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    look_up: LookUp = look_up

    @property
    def stores(self) -> tuple[str, ...]:
        """None is known before it is named."""
        return ()

    def locate(self, reference: str) -> Place:
        """The URL and the server it is at. Raises Invalid for a server that is not allowed."""
        url = self._read(reference)
        return Place(url.origin, str(url))

    async def fetch(self, place: Place, max_bytes: int) -> bytes:
        """The body of the answer, as it is sent: nothing is unpacked. Raises Invalid, Unavailable.

        A server that sends us elsewhere is followed three times, and every address is checked as the first one was.
        """
        try:
            async with asyncio.timeout(self.seconds):
                url = self._read(place.name)
                for _ in range(MAX_REDIRECTS + 1):
                    answer = await self._get(url, max_bytes)
                    if isinstance(answer, bytes):
                        return answer
                    url = answer
        except TimeoutError as error:
            # One that sends a byte a minute must not have a turn of ours all the time.
            raise Unavailable(Reason.STORE_UNAVAILABLE, "too slow", pause=self.seconds * PATIENCE) from error
        except (OSError, aiohttp.ClientError) as error:
            raise Unavailable(Reason.STORE_UNAVAILABLE, f"{type(error).__name__}: {error}") from error
        raise Invalid(Reason.BAD_REFERENCE, "sent from place to place")

    async def check(self, store: str) -> None:
        """Raise Unavailable unless something answers there that does not say it is away."""
        try:
            async with asyncio.timeout(self.seconds):
                addresses = await self._find(read_url(store))
                async with self._session(addresses) as session, session.get(store, allow_redirects=False) as answer:
                    if answer.status in _AWAY:
                        raise Unavailable(Reason.STORE_UNAVAILABLE, f"status {answer.status}")
        except Invalid:
            return  # nothing is to be had there any more, which its pictures are to learn
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            raise Unavailable(Reason.STORE_UNAVAILABLE, f"{type(error).__name__}: {error}") from error

    def _read(self, text: str) -> Url:
        url = read_url(text)
        if not url.is_among(self.hosts):
            raise Invalid(Reason.BAD_REFERENCE, "BILDWERK_HTTP_REFERENCES does not name this host and port")
        return url

    async def _get(self, url: Url, max_bytes: int) -> bytes | Url:
        """The body, or where to look instead."""
        addresses = await self._find(url)
        async with self._session(addresses) as session, session.get(str(url), allow_redirects=False) as answer:
            if answer.status in _REDIRECTS:
                return self._read(_resolve(url, answer.headers.get("Location", "")))
            _require_well(answer.status)
            if failure := _refusal(answer.status):
                raise failure
            return await gather_body(answer.content.iter_chunked(CHUNK), answer.content_length or 0, max_bytes)

    async def _find(self, url: Url) -> Sequence[Address]:
        """The addresses to connect to. Raises Invalid if only one of them is not allowed."""
        addresses = [url.address] if url.address else await self.look_up(url.host, url.port)
        if not addresses or not all(is_allowed(address, self.networks) for address in addresses):
            raise Invalid(Reason.FORBIDDEN_ADDRESS)
        return addresses

    def _session(self, addresses: Sequence[Address]) -> aiohttp.ClientSession:
        """A client for one request: it can reach these addresses only, and hands over what it gets as it is."""
        connector = aiohttp.TCPConnector(resolver=Pinned(addresses), use_dns_cache=False, ssl=self.tls, limit=1)
        headers = {"Accept": "image/*, */*;q=0.1", "Accept-Encoding": "identity", "User-Agent": "bildwerk"}
        return aiohttp.ClientSession(
            connector=connector, headers=headers, auto_decompress=False, trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None), max_line_size=8190, max_field_size=8190,
        )  # fmt: skip


class Pinned(AbstractResolver):
    """Answers with the addresses that were checked, whatever a name server says a second time."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:  # noqa: ARG002
        """All of them."""
        return [
            ResolveResult(
                hostname=host, host=str(address), port=port, family=AF_INET if address.version == 4 else AF_INET6,
                proto=0, flags=AI_NUMERICHOST,
            )
            for address in self._addresses
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is open."""


def _resolve(url: Url, location: str) -> str:
    try:
        return urljoin(str(url), location)
    except ValueError as error:
        raise Invalid(Reason.BAD_REFERENCE, "sent to what is no URL") from error


def _require_well(status: int) -> None:
    """Raise Unavailable for what a server says that has trouble of its own."""
    if status >= 500 or status in {408, 425, 429}:
        raise Unavailable(Reason.STORE_UNAVAILABLE, f"status {status}")


def _refusal(status: int) -> Failure | None:
    if status == 200:
        return None
    if status in _GONE:
        return Invalid(Reason.MISSING_FILE, f"status {status}")
    return Invalid(Reason.PERMISSION_DENIED if status in _DENIED else Reason.BAD_REFERENCE, f"status {status}")
