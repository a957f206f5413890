"""An Ollama behind TLS: who it is is checked before it is told anything."""

import asyncio
import ssl
from pathlib import Path

import pytest

from handlers.failures import Failure, Transient, Unavailable
from handlers.inference.client import InferenceOptions, Ollama, Question
from handlers.inference.hosts import parse_hosts
from tests.tls import Authority, make_authority


async def ask_over_tls(question: Question, authority: Authority, name: str) -> tuple[bytes, Failure | None]:
    """Ask a server whose certificate bears this name; what it was told, and what came of it."""
    told: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    failure = None
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=authority.server(name)) as server:
        port = server.sockets[0].getsockname()[1]
        (host,) = parse_hosts(f"https://127.0.0.1:{port}")
        async with Ollama([host], InferenceOptions("eye", api_key="k3y", connect_timeout=30.0)) as ollama:
            try:
                await ollama.ask(host, question)
            except Failure as error:
                failure = error
    return b"".join(told), failure


async def test_nothing_is_sent_to_a_server_whose_certificate_is_not_trusted(question: Question, tmp_path: Path) -> None:
    told, failure = await ask_over_tls(question, make_authority(tmp_path / "authority"), "127.0.0.1")
    assert told == b""
    assert isinstance(failure, Unavailable)


@pytest.mark.parametrize(("name", "reached"), [("127.0.0.1", True), ("elsewhere.example", False)])
async def test_a_trusted_authority_is_enough_for_the_right_name_only(
    question: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reached: bool
) -> None:
    authority = make_authority(tmp_path / "authority")
    trusting = ssl.create_default_context(cafile=authority.file)
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)  # what the system trusts, read at import
    told, failure = await ask_over_tls(question, authority, name)
    assert (b"Bearer k3y" in told) is reached
    assert isinstance(failure, Transient if reached else Unavailable)
