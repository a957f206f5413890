"""The bodies and streams of answers, byte shapes as recorded."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.types import Send

from bildwerk.sandbox.simulated_ollama.answers import Answer
from bildwerk.sandbox.simulated_ollama.calls import Record
from bildwerk.sandbox.simulated_ollama.requests import Ask

JSON = "application/json; charset=utf-8"
NDJSON = "application/x-ndjson"
_NANO = 1_000_000_000


def stamp(moment: datetime | None = None) -> str:
    """RFC 3339 in UTC with nine digits of fraction, now by default."""
    moment = datetime.now(UTC) if moment is None else moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}000Z"


def chunk(ask: Ask, text: str) -> dict[str, Any]:
    """A line of a stream; alone, what a run-away answer is."""
    said: dict[str, Any] = {"message": {"role": "assistant", "content": text}}
    if ask.endpoint == "generate":
        said = {"response": text}
    return {"model": ask.model, "created_at": stamp(), **said, "done": False}


def idle(ask: Ask, reason: str) -> dict[str, Any]:
    """The answer to a request that only loads or unloads."""
    return {**chunk(ask, ""), "done": True, "done_reason": reason}


def final(ask: Ask, answer: Answer, text: str, record: Record, token_seconds: float) -> dict[str, Any]:
    """The last line of a stream (`text` empty) or the whole answer, with its metrics in nanoseconds."""
    if answer.reason is None:
        return chunk(ask, text)
    body = {**chunk(ask, text), "done": True, "done_reason": answer.reason}
    if ask.endpoint == "generate" and not ask.raw:
        body["context"] = [*ask.context, *map(ord, answer.text[:6])]
    generating = answer.tokens * token_seconds
    load = record.load_seconds + 0.002
    return {
        **body,
        "total_duration": round((load + record.prompt_seconds + generating) * _NANO),
        "load_duration": round(load * _NANO),
        "prompt_eval_count": record.prompt_tokens,
        "prompt_eval_duration": max(1, round(record.prompt_seconds * _NANO)),
        "eval_count": answer.tokens,
        "eval_duration": max(1, round(generating * _NANO)),
    }


class Reply:
    """One HTTP response going out."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def start(self, status: int, kind: str, length: int | None = None) -> None:
        """Send the head; without a length the body is chunked."""
        self.started = True
        headers = [(b"content-type", kind.encode())]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def more(self, body: bytes, *, last: bool = False) -> None:
        """Send a part of the body."""
        await self._send({"type": "http.response.body", "body": body, "more_body": not last})

    async def json(self, status: int, body: object, kind: str = JSON) -> None:
        """Send a whole JSON response."""
        raw = orjson.dumps(body)
        await self.start(status, kind, len(raw))
        await self.more(raw, last=True)

    async def verbatim(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        """Send a response as it was scripted; JSON by its own account unless `headers` say otherwise."""
        self.started = True
        pairs = {"content-type": JSON, **headers, "content-length": str(len(text.encode()))}
        raw = [(name.encode(), value.encode()) for name, value in pairs.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        await self.more(text.encode(), last=True)

    async def error(self, status: int, text: str) -> None:
        """Send an error: as a response, or as the last line of a stream that has begun."""
        if self.started:
            await self.more(line({"error": text}), last=True)
        else:
            await self.json(status, {"error": text})


def line(body: object) -> bytes:
    """One line of NDJSON."""
    return orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)


def lines(ask: Ask, pieces: Sequence[str]) -> bytes:
    """A line per token."""
    return b"".join(line(chunk(ask, piece)) for piece in pieces)
