"""URLs of pictures, read strictly: what two programs could read in two ways is refused."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import quote, urlsplit

from handlers.failures import Invalid
from handlers.inspect.reasons import Reason
from handlers.inspect.references import MAX_REFERENCE_BYTES
from handlers.inspect.remote.addresses import Address

PORTS: Final = {"http": 80, "https": 443}
ANY_HOST: Final = "*"

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PLAIN = re.compile(r"[!-\[\]-~]+")
"""Printable ASCII but for spaces and the backslash, which browsers take for a slash."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL taken apart. `host` is a name in small letters or a plain address; `tail` is path and query, encoded."""

    scheme: str
    host: str
    port: int
    tail: str

    @property
    def address(self) -> Address | None:
        """The host, if it is an address and no name."""
        return _read_address(self.host)

    @property
    def origin(self) -> str:
        """Scheme, host and port: the store's name."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def __str__(self) -> str:
        return self.origin + self.tail

    def is_among(self, hosts: Collection[str]) -> bool:
        """Whether `hosts` (`name`, `name:port`, or `*` for every one) allow it; a port of its own has to be named."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == PORTS[self.scheme]
        return f"{host}:{self.port}" in hosts or (usual and (host in hosts or ANY_HOST in hosts))


def read_url(text: str) -> Url:
    """The URL in `text`. Raises Invalid for anything but an unmistakable http or https URL without credentials."""
    if len(text.encode(errors="replace")) > MAX_REFERENCE_BYTES:
        raise Invalid(Reason.BAD_REFERENCE, "too long")
    encoded = quote(text, safe="".join(map(chr, range(0x80))), errors="replace")
    if not _PLAIN.fullmatch(encoded):
        raise Invalid(Reason.BAD_REFERENCE, "spaces, control characters or a backslash")
    try:
        parts = urlsplit(encoded)
        scheme, port = parts.scheme.lower(), parts.port
    except ValueError as error:
        raise Invalid(Reason.BAD_REFERENCE, "no URL") from error
    if scheme not in PORTS:
        raise Invalid(Reason.BAD_REFERENCE, "neither http nor https")
    if "@" in parts.netloc:
        raise Invalid(Reason.BAD_REFERENCE, "credentials in a URL")
    host = _read_host((parts.hostname or "").lower())
    if ("[" in parts.netloc) is not (":" in host):
        raise Invalid(Reason.BAD_REFERENCE, "brackets around what is no address")
    tail = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Url(scheme, host, PORTS[scheme] if port is None else port, tail)


def _read_host(host: str) -> str:
    address = _read_address(host)
    if address is not None:
        return str(address)
    # A name whose last part is a number is an address to some: 2130706433, 0x7f.1, 0177.0.0.1.
    if not _NAME.fullmatch(host) or len(host) > 253 or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise Invalid(Reason.BAD_REFERENCE, "no host name, and no address in its usual form")
    return host.rstrip(".")


def _read_address(host: str) -> Address | None:
    for kind in (IPv4Address, IPv6Address):
        try:
            return kind(host)
        except AddressValueError:
            continue
    return None
