"""The three pages, over a real socket."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from bildwerk.web import server
from bildwerk.web.app import HEADERS, Check, Looks, make_app, name_hosts
from bildwerk.web.server import PortTaken, serving
from tests.acceptance.polling import until


@dataclass
class Needs:
    """Checks and stuck loops that a test may change while the server runs."""

    found: dict[str, Check] = field(default_factory=dict)
    stuck: list[str] = field(default_factory=list)

    def overdue(self) -> list[str]:
        return self.stuck

    def checks(self) -> Mapping[str, Check]:
        return self.found


async def fine() -> None:
    """A check that finds nothing wrong."""


async def away() -> str:
    """A check that finds something wrong."""
    return "unreachable"


async def broken() -> None:
    """A check that fails itself."""
    raise ConnectionRefusedError("postgresql://bildwerk:geheim@db")


@pytest.fixture
async def page() -> AsyncIterator[tuple[Needs, httpx.AsyncClient]]:
    """A running server."""
    needs = Needs({"postgresql": fine})

    async def metrics() -> bytes:
        return b"bildwerk_media_ready 0.0\n"

    async with (
        serving(make_app(needs, metrics), "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield needs, client


Page = tuple[Needs, httpx.AsyncClient]


async def test_alive(page: Page) -> None:
    assert (await page[1].get("/healthz")).text == "ok\n"


async def test_not_alive_while_a_loop_owes_a_sign_of_life(page: Page) -> None:
    page[0].stuck = ["relay", "sweep"]

    answer = await page[1].get("/healthz")

    assert (answer.status_code, answer.text) == (503, "stuck: relay, sweep\n")


async def test_ready_when_every_check_is_fine(page: Page) -> None:
    answer = await page[1].get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"ready": True, "checks": {"postgresql": "ok"}})


async def test_not_ready_names_what_is_wrong_without_quoting_it(page: Page) -> None:
    needs, client = page
    needs.found |= {"kafka": away, "ollama": broken}

    answer = await client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"] == {"postgresql": "ok", "kafka": "unreachable", "ollama": "ConnectionRefusedError"}
    assert "geheim" not in answer.text


async def test_a_check_that_hangs_is_not_waited_for_nor_begun_again() -> None:
    """As a statement on its way to a PostgreSQL that is silent: it does not even end when it is cancelled."""
    begun, silence = [], asyncio.Event()

    async def hang() -> str | None:
        begun.append(1)
        await silence.wait()
        return None

    looks = Looks(seconds=1.0)
    assert await looks.look({"postgresql": hang, "kafka": fine}) == {"postgresql": "timeout", "kafka": "ok"}
    assert await looks.look({"postgresql": hang}) == {"postgresql": "timeout"}
    assert len(begun) == 1
    silence.set()
    await asyncio.sleep(0.1)
    assert await looks.look({"postgresql": hang}) == {"postgresql": "ok"}
    assert len(begun) == 2, "what an earlier look found is old"


async def test_metrics_are_prometheus_text(page: Page) -> None:
    answer = await page[1].get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.text == "bildwerk_media_ready 0.0\n"


async def test_a_port_that_is_taken_is_named(page: Page) -> None:
    needs, client = page

    async def metrics() -> bytes:
        return b""

    with pytest.raises(PortTaken, match=f"{client.base_url.port}.*in use"):
        async with serving(make_app(needs, metrics), "127.0.0.1", client.base_url.port or 0):
            pass


async def test_signals_stay_with_the_service(page: Page) -> None:
    before = signal.getsignal(signal.SIGTERM)
    await page[1].get("/healthz")
    await asyncio.sleep(0)

    assert signal.getsignal(signal.SIGTERM) is before is signal.SIG_DFL


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_browsers_are_to_make_nothing_of_the_pages(page: Page, path: str) -> None:
    answer = await page[1].get(path)
    assert HEADERS.items() <= {name.title(): value for name, value in answer.headers.items()}.items()
    assert "server" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_pages_are_only_read(page: Page, path: str, method: str) -> None:
    assert (await page[1].request(method, path, content=b"x" * 100_000)).status_code == 405


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "metadata", ""])
async def test_pages_of_this_machine_are_not_to_be_had_by_another_name(name: str) -> None:
    async with asking_as(name, "127.0.0.1") as answer:
        assert answer.status_code == 400


@pytest.mark.parametrize(
    ("name", "address"),
    [("localhost:8080", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("bildwerk:8080", "0.0.0.0")],
)
async def test_pages_are_there_under_the_names_that_they_have(name: str, address: str) -> None:
    async with asking_as(name, address) as answer:
        assert answer.status_code == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost"])
async def test_a_monitor_that_names_no_host_is_answered(address: str) -> None:
    """HAProxy's checks are HTTP/1.0 without a Host; every browser names one."""
    async with serving(make_app(Needs(), no_metrics, name_hosts(address)), "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"200"
        writer.close()
    async with asking_as("[::1]:8080", address) as answer:
        assert answer.status_code == 200
    async with asking_as("evil.example", address) as answer:
        assert answer.status_code == 400


async def test_who_connects_and_asks_nothing_does_not_keep_a_probe_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE_SECONDS", 0.2)
    app = make_app(Needs(), no_metrics)
    async with serving(app, "127.0.0.1", 0) as port, httpx.AsyncClient(trust_env=False) as client:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(server.MOST_AT_ONCE)]

        async def answered() -> bool:
            return (await client.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200

        await until(answered)
        for _, writer in silent:
            writer.close()


@asynccontextmanager
async def asking_as(name: str, address: str) -> AsyncIterator[httpx.Response]:
    """What somebody gets who takes the pages at this address for those of that name."""
    app = make_app(Needs(), no_metrics, name_hosts(address))
    async with (
        serving(app, "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield await client.get("/healthz", headers={"Host": name})


async def no_metrics() -> bytes:
    """None."""
    return b""
