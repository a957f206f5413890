"""Hostile references: what each gets, and that nothing is read that should not be."""

import os
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import pytest_asyncio
import trustme

from handlers.failures import Failure
from handlers.inspect.limits import PictureLimits
from handlers.inspect.pool import PicturePool
from handlers.inspect.references import MediaRoot
from handlers.inspect.remote.addresses import Address
from handlers.inspect.remote.buckets import Account, Buckets
from handlers.inspect.remote.web import Web
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Remote, Sources
from tests.handlers.inspect.corpus import JPEG
from tests.handlers.inspect.hostile_references import CASES, PAGE, PICTURE, Case, fill
from tests.hostile_web import HostileWeb, hostile_web

pytestmark = pytest.mark.asyncio(loop_scope="module")

OUTSIDE, INSIDE = "127.0.0.1", "127.0.0.2"
"""The one address that is allowed, and plays a public one; and one that is loopback, and is not."""
LIMITS = PictureLimits(max_bytes=1_000_000)
SECONDS = 5.0


@dataclass
class NameServer:
    """Knows a few names; one of them is somewhere else when it is asked again."""

    asked: Counter[str] = field(default_factory=Counter)

    async def look_up(self, host: str, port: int) -> Sequence[Address]:  # noqa: ARG002 - as it is called
        self.asked[host] += 1
        known = {
            "inside.test": [INSIDE],
            "mixed.test": [OUTSIDE, INSIDE],
            "rebound.test": [OUTSIDE if self.asked[host] == 1 else INSIDE],
        }
        return [ip_address(text) for text in known.get(host, [OUTSIDE])]


@dataclass
class Yard:
    """What the references of the table are about."""

    folder: Path
    pools: Mapping[str, PicturePool]
    words: Mapping[str, object]
    web: HostileWeb
    inside: HostileWeb
    names: NameServer

    async def get(self, case: Case) -> str:
        """What a reference gets: the picture, or a reason."""
        reference = case.reference.format(**self.words)
        try:
            seen = await self.pools[case.hosts].inspect(reference)
        except Failure as failure:
            return failure.reason
        return seen.picture.unreadable or PICTURE


def lay_out(folder: Path) -> dict[str, MediaRoot]:
    """Two media roots, with what leads out of them, and a secret beside them."""
    root, beside, scans = folder / "root", folder / "beside", folder / "scans"
    for place in (root / "album", beside, scans):
        place.mkdir(parents=True)
    for file in (root / "a.jpg", beside / "secret.jpg"):
        file.write_bytes(JPEG)
        os.utime(file, (0, 1_000_000_000))
    (root / "link.jpg").symlink_to(beside / "secret.jpg")
    (root / "linked").symlink_to(beside)
    (root / "round.jpg").symlink_to(root / "round.jpg")
    (root / "zero").symlink_to("/dev/zero")
    os.mkfifo(root / "pipe")
    return {"": MediaRoot(root), "scans": MediaRoot(scans)}


def serve_as(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Yard]:
    """Return roots, servers and pools, for all cases."""
    folder, names, trusted = tmp_path_factory.mktemp("yard"), NameServer(), trustme.CA()
    client = ssl.create_default_context()
    trusted.configure_trust(client)
    async with AsyncExitStack() as exits:
        web = await exits.enter_async_context(hostile_web(OUTSIDE))
        inside = HostileWeb(port=9)
        with suppress(OSError):  # macOS has but one loopback address, where nobody listens then
            inside = await exits.enter_async_context(hostile_web(INSIDE))
        tls = {
            "tls": serve_as(trusted, "pictures.test"),
            "other_tls": serve_as(trusted, "else.test"),
            "own_tls": serve_as(trustme.CA(), "pictures.test"),
        }
        ports = {
            name: (await exits.enter_async_context(hostile_web(OUTSIDE, context))).port for name, context in tls.items()
        }
        words = {
            "root": folder / "root", "beside": folder / "beside", "port": web.port, "web": f"{OUTSIDE}:{web.port}",
            "inside": f"{INSIDE}:{inside.port}", **{name: f"pictures.test:{port}" for name, port in ports.items()},
        }  # fmt: skip
        servers = [str(words[name]) for name in ("web", "inside", "tls", "other_tls", "own_tls")]
        hosts = {"any": [*servers, f"rebound.test:{web.port}", "*"], "named": servers}
        roots, cache = lay_out(folder), RenditionCache(folder / "cache", 1 << 20)
        pools = {}
        for name in ("any", "named", "none"):
            remotes: dict[str, Remote] = {}
            if name in hosts:
                outside = Web(hosts[name], [ip_network(f"{OUTSIDE}/32")], SECONDS, client, names.look_up)
                buckets = Buckets.of(("photos",), Account(f"http://{words['inside']}"), SECONDS)
                remotes = {"http": outside, "https": outside, "s3": buckets}
            pool = PicturePool(Sources(roots, remotes), LIMITS, cache, 1)
            pools[name] = await exits.enter_async_context(pool)
        yield Yard(folder, pools, words, web, inside, names)
        web.over.set()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.tries)
async def test_what_a_reference_gets(yard: Yard, case: Case) -> None:
    yard.names.asked.clear()
    yard.web.sent = 0
    assert await yard.get(case) == case.gets

    assert yard.inside.asked == []
    assert (yard.folder / "beside" / "secret.jpg").stat().st_atime == 0, "it was read"
    assert yard.web.sent < 20_000_000, "it was read on and on"
    assert yard.names.asked["rebound.test"] <= 1 + ("to?to" in case.reference)


async def test_a_read_would_have_been_noticed(yard: Yard) -> None:
    """What the test above rests on, where the file system notes reads at all."""
    await yard.pools["none"].inspect("a.jpg")
    if (yard.folder / "root" / "a.jpg").stat().st_atime == 0:
        pytest.skip("this file system does not note when a file was read")


async def test_nothing_is_told_to_servers_that_they_need_not_know(yard: Yard) -> None:
    """No cookies, no credentials; compressed answers are not asked for."""
    yard.web.headers.clear()
    await yard.get(Case("", "http://{web}/cookie", PICTURE))

    assert len(yard.web.headers) == 2
    for head in yard.web.headers:
        names = {line.partition(":")[0].lower() for line in head.split("\r\n")[1:] if line}
        assert names == {"host", "accept", "accept-encoding", "user-agent"}
        assert "Accept-Encoding: identity" in head


async def test_the_page_shows_the_table() -> None:
    page = PAGE.read_text("utf-8")
    assert fill(page) == page, "run: python -m tests.handlers.inspect.hostile_references"
