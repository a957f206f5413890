"""Addresses of services as settings give them: checked before anything connects, and named without their secrets."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

POSTGRES_PORT: Final = 5432
SCHEMES: Final = ("postgresql", "postgres")
LARGEST_PORT: Final = 65535


def check_database_url(url: str) -> None:
    """Raise ValueError, without quoting anything, for what cannot be a PostgreSQL URL; it may name several hosts."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    # Read on, a password cut in two would be taken for a host, and shown as one.
    if "#" in url or "@" in parts.path + parts.query:
        raise ValueError("characters such as / ? # @ in a user or password must be written as %2F %3F %23 %40")
    for place in _places(url):
        _check_port(place)


def name_database(url: str) -> str:
    """`host:port/database` of a checked URL, without user and password."""
    places = (
        place if _port(place) else f"{place.removesuffix(':') or 'localhost'}:{POSTGRES_PORT}" for place in _places(url)
    )
    return f"{','.join(places)}/{urlsplit(url).path.lstrip('/')}"


def cover_database(url: str) -> str:
    """A checked URL without its password, and without its options, because a password may be among them."""
    parts = urlsplit(url)
    user = f"{parts.username}:********@" if parts.password else f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}{','.join(_places(url))}{parts.path}"


def check_server(server: str) -> None:
    """Raise ValueError for what is no `host` or `host:port`; an IPv6 address stands in brackets."""
    _check_port(server)


def is_loopback(server: str) -> bool:
    """Whether a checked `host` or `host:port` is this machine, as far as its spelling tells."""
    host = server.removesuffix(f":{_port(server)}").strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _places(url: str) -> list[str]:
    """The `host:port` parts of a URL, as they are written."""
    return urlsplit(url).netloc.rpartition("@")[2].split(",")


def _port(place: str) -> str:
    return place.rpartition("]")[2].partition(":")[2]


def _check_port(place: str) -> None:
    port = _port(place)
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) <= LARGEST_PORT):
        raise ValueError(f"the port must be a number from 1 to {LARGEST_PORT}")
