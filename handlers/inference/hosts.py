"""Which Ollama servers there are, read from `OLLAMA_HOST` the way Ollama itself reads it.

Source of the rules: Ollama's `envconfig.Host` (scheme, ports, paths, quotes). Beyond it: several hosts separated by
commas, each with an optional `=slots`; and, as a client must, `0.0.0.0` and `::` mean the loopback address.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, unquote, urlsplit

DEFAULT_PORT = 11434
SCHEME_PORTS = {"http": 80, "https": 443}
MAX_SLOTS = 1024
CLOUD = "ollama.com"

_SLOTS = re.compile(r"=([^=/@?\[\]]*)$")
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?")


@dataclass(frozen=True, slots=True)
class Host:
    """One server. `url` is its base URL without a trailing slash and without credentials; `slots` calls run at once.

    `credentials` is (user, password) when the setting held them; it is in no text form of the host.
    """

    url: str
    slots: int = 1
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """`host:port` (and the path, if any): the key under which the ledger and the logs know it."""
        parts = urlsplit(self.url)
        port = parts.port or SCHEME_PORTS[parts.scheme]
        return f"{_bracketed(parts.hostname or '')}:{port}{parts.path}"


def list_slots(hosts: Iterable[Host]) -> list[tuple[str, int]]:
    """The name and the number of slots of each, as the ledger knows them."""
    return [(host.name, host.slots) for host in hosts]


def parse_hosts(text: str) -> tuple[Host, ...]:
    """The hosts named by an `OLLAMA_HOST` setting; an empty one is the local server.

    Raises ValueError, without quoting credentials, for what cannot be a host, a port or a number of slots.
    """
    entries = [entry for entry in (_unquoted(part) for part in _unquoted(text).split(",")) if entry]
    hosts = tuple(_parse_host(entry) for entry in entries or ["127.0.0.1"])
    names = [host.name for host in hosts]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"OLLAMA_HOST names {name} twice; write {name}=SLOTS once instead")
    return hosts


def _parse_host(entry: str) -> Host:
    slots = 1
    if match := _SLOTS.search(entry):
        slots = _parse_slots(match[1])
        entry = entry[: match.start()].rstrip()
    scheme, separator, rest = entry.partition("://")
    if not separator:
        scheme, rest = "", entry
    scheme = scheme.lower()
    if scheme not in ("", *SCHEME_PORTS):
        raise ValueError("OLLAMA_HOST: the scheme must be http or https")
    parts = _split(f"{scheme or 'http'}://{_with_bracketed_address(rest)}")
    if parts.query or parts.fragment:
        raise ValueError("OLLAMA_HOST: a host has no query and no fragment")
    name, port = _name_and_port(parts)
    if not scheme and name == CLOUD and port is None:
        scheme = "https"
    port = port or SCHEME_PORTS.get(scheme, DEFAULT_PORT)
    url = f"{scheme or 'http'}://{_bracketed(name)}:{port}{parts.path.rstrip('/')}"
    return Host(url, slots, _credentials(parts))


def _split(url: str) -> SplitResult:
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("OLLAMA_HOST: a host holds printable ASCII without blanks; percent-encode the rest")
    try:
        return urlsplit(url)
    except ValueError:  # its text may quote the password
        raise ValueError("OLLAMA_HOST: brackets belong around an IPv6 address, and nowhere else") from None


def _name_and_port(parts: SplitResult) -> tuple[str, int | None]:
    try:
        port = parts.port
    except ValueError:
        raise ValueError("OLLAMA_HOST: the port must be a number from 1 to 65535") from None
    if port == 0:
        raise ValueError("OLLAMA_HOST: the port must be a number from 1 to 65535")
    name = parts.hostname or "127.0.0.1"
    address = _address(name)
    if address is not None:
        return ("::1" if address.version == 6 else "127.0.0.1") if address.is_unspecified else name, port
    if not _HOST_NAME.fullmatch(name):
        raise ValueError("OLLAMA_HOST: a host is a name, an IPv4 address or an IPv6 address in brackets")
    return name, port


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _credentials(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None and parts.password is None:
        return None
    return unquote(parts.username or ""), unquote(parts.password or "")


def _parse_slots(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text.strip()) or not 1 <= int(text) <= MAX_SLOTS:
        raise ValueError(f"OLLAMA_HOST: the slots after '=' must be a number from 1 to {MAX_SLOTS}")
    return int(text)


def _with_bracketed_address(rest: str) -> str:
    """An IPv6 address written without brackets (`::1`) gets them; anything else stays."""
    authority, slash, path = rest.partition("/")
    address = _address(authority)
    return f"[{authority}]{slash}{path}" if address is not None and address.version == 6 else rest


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'").strip()
