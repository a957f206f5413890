"""A child process of the pool: reads files or is sent their bytes, hashes and decodes them, one request at a time.

It knows no secrets, reaches nobody and changes no file (`confinement`), may use only so much memory, dies by an alarm
of the kernel if its parent could not end it in time, and otherwise lives until the parent's pipe closes: signals to the
process group are the parent's to answer.
"""

import hashlib
import math
import os
import resource
import signal
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO

from handlers.failures import Failure
from handlers.inspect.confinement import confine
from handlers.inspect.decoding import Decoded, decode
from handlers.inspect.frames import Header, pack, read_frame
from handlers.inspect.limits import PictureLimits
from handlers.inspect.reasons import Reason
from handlers.inspect.references import MediaRoot

Reply = tuple[Header, bytes]

_GRACE_SECONDS = 5
"""The parent's own clock runs out this much earlier than the alarm."""


def main() -> None:
    """Serve the requests on standard input until it ends."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not end up between the frames
    first = read_frame(requests)
    if first is None:
        return
    settings = first[0]
    roots = {name: MediaRoot(**{**told, "path": Path(told["path"])}) for name, told in settings["roots"].items()}
    limits = PictureLimits(**settings["limits"])
    _restrain(limits)
    _send(replies, ({"ready": True}, b""))
    while (frame := read_frame(requests)) is not None:
        for reply in answer(*frame, roots, limits):
            _send(replies, reply)


def answer(request: Header, sent: bytes, roots: Mapping[str, MediaRoot], limits: PictureLimits) -> Iterator[Reply]:
    """What is there (`source`, or a `failure`), then what was decoded, if that `decodes`.

    A request has `reference`, below the media root `root`, or that is None and the file's bytes are `sent`; `decode`:
    "no", "yes", or the content hash that the bytes must have for it; and `measured`: the content hash of bytes that
    need not be measured.
    """
    wanted, root = request["decode"], request["root"]
    try:
        with _alarm(limits.read_seconds):
            if root is None:
                source, data = _describe_source(sent), sent
            else:
                source, data = _take(roots[root], request["reference"], limits, keep=wanted != "no")
    except Failure as failure:
        yield _fail(failure.kind, failure.reason, failure.detail)
        return
    except MemoryError:
        yield {"source": {"content_hash": None, "size": 0, "mtime": None}, "decodes": True}, b""
        yield _describe(Decoded(unreadable=Reason.DECODER_OUT_OF_MEMORY))
        return
    except Exception as error:  # noqa: BLE001 - a bug of ours: named, or it looks like a dead child
        yield _fail("bug", type(error).__name__, str(error))
        return
    decodes = bool(data) and wanted in {"yes", source["content_hash"]}
    yield {"source": source, "decodes": decodes}, b""
    if decodes:
        with _alarm(limits.child_seconds):
            decoded = decode(data, limits, measured=source["content_hash"] == request["measured"])
        yield _describe(decoded)


def _take(root: MediaRoot, reference: str, limits: PictureLimits, *, keep: bool) -> tuple[Header, bytes]:
    with root.open(reference) as file:
        status = os.fstat(file.fileno())
        source: Header = {"content_hash": None, "size": status.st_size, "mtime": status.st_mtime}
        if status.st_size > limits.max_bytes:
            return source, b""
        if not keep:
            return source | {"content_hash": hashlib.file_digest(file, "sha256").hexdigest()}, b""
        data = file.read(limits.max_bytes + 1)
    if len(data) > limits.max_bytes:
        return source | {"size": len(data)}, b""
    return source | _describe_source(data) | {"mtime": status.st_mtime}, data


def _describe_source(data: bytes) -> Header:
    return {"content_hash": hashlib.sha256(data).hexdigest(), "size": len(data), "mtime": None}


def _fail(kind: str, reason: str, detail: str) -> Reply:
    return {"failure": kind, "reason": reason, "detail": detail}, b""


def _describe(decoded: Decoded) -> Reply:
    header = asdict(replace(decoded, rendition=b"", measures=None, sketch=None, embedded=None, taken=None))
    del header["rendition"]
    models = {"measures": decoded.measures, "embedded": decoded.embedded, "taken": decoded.taken}
    header |= {name: model and model.model_dump(mode="json") for name, model in models.items()}
    header["sketch"] = decoded.sketch and b64encode(decoded.sketch.cells).decode()
    return header, decoded.rendition


def _send(pipe: BinaryIO, reply: Reply) -> None:
    pipe.write(pack(*reply))
    pipe.flush()


def _restrain(limits: PictureLimits) -> None:
    for limit, value in (
        (resource.RLIMIT_AS, limits.child_memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(OSError, ValueError):  # macOS knows RLIMIT_AS, but refuses it
            resource.setrlimit(limit, (value, value))
    confine()


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Be killed by the kernel when this takes too long, whatever a decoder in C does."""
    signal.alarm(math.ceil(seconds) + _GRACE_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main()
