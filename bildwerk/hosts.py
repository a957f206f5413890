"""Ollama hosts as people write them in OLLAMA_HOST."""

from dataclasses import dataclass
from urllib.parse import urlsplit

PORT = 11434
"""Ollama's own; with an explicit scheme the scheme's port is the default, as in Ollama itself."""


@dataclass(frozen=True, slots=True)
class OllamaHost:
    """One server: its base URL without a trailing slash, and how many calls it answers at once (None: not said)."""

    url: str
    slots: int | None = None

    def __str__(self) -> str:
        return self.url if self.slots is None else f"{self.url}={self.slots}"


def parse_hosts(text: str) -> tuple[OllamaHost, ...]:
    """The hosts of a comma-separated list such as `localhost, http://gpu1:11434=4`.

    Raises ValueError with a message that does not quote the input.
    """
    hosts = tuple(parse_host(part.strip()) for part in text.split(",") if part.strip())
    if not hosts:
        raise ValueError("names no host")
    if len({host.url for host in hosts}) != len(hosts):
        raise ValueError("names a host twice")
    return hosts


def parse_host(text: str) -> OllamaHost:
    """One host: `name`, `name:port`, `:port` or a URL, each with an optional `=slots`."""
    address, sign, number = text.partition("=")
    if sign and not (number.strip().isascii() and number.strip().isdigit() and int(number) > 0):
        raise ValueError("after '=' there must be a number of slots, 1 or more")
    return OllamaHost(_url(address.strip().rstrip("/")), int(number) if sign else None)


def _url(address: str) -> str:
    scheme, sign, rest = address.partition("://")
    if not sign:
        scheme, rest = "http", address
    parts = urlsplit(f"{scheme.lower()}://{rest}")
    if parts.scheme not in ("http", "https"):
        raise ValueError("a host is reached over http or https")
    if parts.username or parts.password:
        raise ValueError("a host must not hold a user name or password")
    if parts.query or parts.fragment:
        raise ValueError("a host must not hold a query")
    port = parts.port or (PORT if not sign else {"http": 80, "https": 443}[parts.scheme])
    name = parts.hostname or "127.0.0.1"
    if name in ("0.0.0.0", "::"):  # noqa: S104 - where a server listens, not where a client connects
        name = "127.0.0.1"
    return f"{parts.scheme}://{f'[{name}]' if ':' in name else name}:{port}{parts.path}"
