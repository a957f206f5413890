"""A small server that speaks as much S3 as reading needs, a process of its own, with faults on request.

`python -m tests.object_store PORT` serves `/BUCKET/KEY`; `PUT /-/faults` with a JSON object sets what goes wrong.
It keeps what is put, wants a signature without checking it, and notes every request in `GET /-/seen`.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

KEY_ID = "AKIATESTS"
DATE = "Sun, 01 Nov 2026 00:00:00 GMT"


@dataclass
class ObjectStore:
    """What it holds: objects by bucket and key; `faults` by `BUCKET/KEY`, or `*` for all."""

    objects: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, Any] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            await self._answer(writer, method, target, headers, body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, writer: asyncio.StreamWriter, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> None:
        name, query = unquote(urlsplit(target).path).lstrip("/"), urlsplit(target).query
        if name == "-/faults":
            self.faults = json.loads(body)
            return _send(writer, 200)
        if name == "-/seen":
            return _send(writer, 200, json.dumps(self.seen).encode())
        if method == "PUT":
            self.objects[name] = body
            return _send(writer, 200)
        self.seen.append(name)
        fault = self.faults.get(name, self.faults.get("*", {}))
        await asyncio.sleep(fault.get("wait", 0))
        if "status" in fault:
            return _send(writer, fault["status"], _error(fault.get("code", "Trouble")))
        if f"Credential={KEY_ID}/" not in headers.get("authorization", ""):
            return _send(writer, 403, _error("InvalidAccessKeyId"))
        if "list-type=2" in query:
            return self._list(writer, name.rstrip("/"))
        return self._get(writer, name, fault)

    def _get(self, writer: asyncio.StreamWriter, name: str, fault: Mapping[str, Any]) -> None:
        if name not in self.objects:
            return _send(writer, 404, _error("NoSuchKey"))
        data = self.objects[name]
        return _send(writer, 200, data[: fault.get("cut", len(data))], length=fault.get("claim", len(data)))

    def _list(self, writer: asyncio.StreamWriter, bucket: str) -> None:
        keys = [name.partition("/")[2] for name in self.objects if name.startswith(f"{bucket}/")]
        if not keys:
            return _send(writer, 404, _error("NoSuchBucket"))
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><Size>1</Size>"
            "<ETag>&quot;a&quot;</ETag></Contents>"
            for key in keys
        )
        text = f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
        return _send(writer, 200, text.encode())


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


def _send(writer: asyncio.StreamWriter, status: int, body: bytes = b"", length: int | None = None) -> None:
    size = len(body) if length is None else length
    writer.write(
        f'HTTP/1.1 {status} X\r\nContent-Length: {size}\r\nLast-Modified: {DATE}\r\nETag: "a"\r\n'
        "Connection: close\r\n\r\n".encode()
        + body
    )


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(ObjectStore().serve, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
