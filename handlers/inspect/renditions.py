"""Renditions kept on local disk, so that every job of a picture sends the same bytes.

`FOLDER/RECIPE/AB/CONTENT_HASH.jpg`, shared by any number of processes, safe to delete at any time.
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import structlog

_NAME = re.compile(r"[0-9a-f]{64}\.jpg")
_DIGEST_BYTES = 32
_STALE_SECONDS = 3600
_KEPT_SHARE = 0.9
_SLACK_SHARE = 1 / 16
_EVICTION_SECONDS = 5
_POLL_SECONDS = 0.02

log = structlog.get_logger()


class RenditionCache:
    """At most about `max_bytes` of renditions, the least recently used deleted first. Blocking.

    Every process counts only what it writes itself and looks around after each sixteenth of
    `max_bytes`, so that n processes may exceed the limit by n sixteenths. Whoever wants to look
    while another does waits for it, for some seconds at most: that one may have been stopped. A
    cache that cannot be written is a slow one, not a failure.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._written: int | None = None

    def get(self, content_hash: str, recipe: str) -> bytes | None:
        """The rendition, if it is there and whole; it then counts as just used."""
        path = self._path(content_hash, recipe)
        try:
            stored = path.read_bytes()
        except OSError:
            return None
        rendition, digest = stored[:-_DIGEST_BYTES], stored[-_DIGEST_BYTES:]
        with suppress(OSError):
            if hashlib.sha256(rendition).digest() != digest:
                path.unlink()
                return None
            os.utime(path)
        return rendition

    def put(self, content_hash: str, recipe: str, rendition: bytes) -> None:
        """Keep a rendition. It appears whole or not at all, whatever dies meanwhile."""
        path = self._path(content_hash, recipe)
        temporary = path.with_name(f".{uuid4().hex}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # A digest behind the JPEG's end, where viewers do not look, shows damage without
            # waiting for the disk.
            temporary.write_bytes(rendition + hashlib.sha256(rendition).digest())
            temporary.replace(path)
            self._make_room(len(rendition) + _DIGEST_BYTES)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            log.warning("rendition_not_cached", errno=error.errno)

    def _path(self, content_hash: str, recipe: str) -> Path:
        if not _NAME.fullmatch(f"{content_hash}.jpg"):
            raise ValueError("not a SHA-256 in hexadecimal")
        return self._folder / recipe / content_hash[:2] / f"{content_hash}.jpg"

    def _make_room(self, added: int) -> None:
        if self._written is not None and self._written + added <= self._max_bytes * _SLACK_SHARE:
            self._written += added
            return
        self._written = 0
        with self._alone() as alone:
            if alone:
                self._evict()

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process is evicting, which is waited for."""
        lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            yield _take(lock, time.monotonic() + _EVICTION_SECONDS)
        finally:
            os.close(lock)

    def _evict(self) -> None:
        entries: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*/[0-9a-f][0-9a-f]/*"):
            with suppress(OSError):  # deleted by somebody else
                status = path.lstat()
                if _NAME.fullmatch(path.name):
                    entries.append((status.st_mtime, status.st_size, path))
                elif path.suffix == ".tmp" and status.st_mtime < time.time() - _STALE_SECONDS:
                    path.unlink()
        total = sum(size for _, size, _ in entries)
        if total <= self._max_bytes:
            return
        for _, size, path in sorted(entries):
            if total <= self._max_bytes * _KEPT_SHARE:
                break
            with suppress(OSError):
                path.unlink()
            total -= size


def _take(lock: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True
