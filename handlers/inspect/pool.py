"""Pictures looked at in child processes, several at a time, never on the event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from contracts.embedded import Embedded
from contracts.facts import Picture
from contracts.measures import Measures
from handlers.failures import Failure, Invalid, Stale, Unavailable
from handlers.inspect.children import Child, ChildDiedError
from handlers.inspect.frames import Header
from handlers.inspect.limits import PictureLimits
from handlers.inspect.reasons import Reason
from handlers.inspect.references import MediaRoot
from handlers.inspect.renditions import RenditionCache

_CHILD_FAULTS = frozenset([Reason.DECODER_CRASHED, Reason.DECODER_OUT_OF_MEMORY])


@dataclass(frozen=True, slots=True)
class Inspection:
    """One file looked at. `size` in bytes, `mtime` in seconds since the epoch.

    `content_hash` is the SHA-256 (hex) of the very bytes that `picture` was decoded from; None if
    they were never read (too large). `detail` says more about an unreadable picture, for the ledger
    only.
    """

    content_hash: str | None
    size: int
    picture: Picture
    mtime: float | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a child said: a failure, or the source and, if it was asked to decode, what it found."""

    failure: Header | None = None
    source: Header | None = None
    decoded: Header | None = None
    rendition: bytes = b""

    @property
    def unreadable(self) -> str | None:
        return None if self.decoded is None else self.decoded.get("unreadable")


class PicturePool:
    """At most `processes` children, started when first needed, used again, replaced when they die.

    Use it as an asynchronous context manager; leaving it ends all children. The children also end
    when this process does, in whatever way.
    """

    def __init__(self, root: MediaRoot, limits: PictureLimits, cache: RenditionCache, processes: int) -> None:
        self._root = root
        self._limits = limits
        self._cache = cache
        self._turns = asyncio.Semaphore(processes)
        self._idle: list[Child] = []
        self._children: set[Child] = set()
        self._endings: set[asyncio.Task[None]] = set()

    @property
    def pids(self) -> frozenset[int]:
        """Process ids of the children that are alive, for diagnosis."""
        return frozenset(child.pid for child in self._children)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for child in list(self._children):
            self._dispose(child)
        await asyncio.gather(*self._endings)

    async def inspect(self, reference: str, measured: str | None = None) -> Inspection:
        """Hash, decode, measure and normalise the file; its rendition goes into the cache.

        If its content hash is `measured`, what is measured and `picture.embedded` stay None: they are known already.
        A file that holds no usable picture is an answer, `picture.unreadable`. Raises Invalid if
        there is no file of ours, Unavailable if the media root or the child processes are away.
        """
        answer = await self._ask(reference, "yes", measured)
        source = _source(answer)
        picture = _picture(source, answer.decoded)
        if picture.unreadable is None:
            await asyncio.to_thread(self._keep, source["content_hash"], answer.rendition)
        return Inspection(
            content_hash=source["content_hash"],
            size=source["size"],
            picture=picture,
            mtime=source["mtime"],
            detail=str((answer.decoded or {}).get("detail", "")),
        )

    async def rendition(self, reference: str, content_hash: str) -> bytes:
        """The JPEG made from the bytes with this content hash, from the cache or from the file.

        Raises Stale if the file holds other bytes by now, Invalid (with the reason) if they are no
        usable picture or there is no file, and Unavailable.
        """
        cached = await asyncio.to_thread(self._cache.get, content_hash, self._limits.recipe)
        if cached is not None:
            return cached
        answer = await self._ask(reference, content_hash, content_hash)
        source = _source(answer)
        if source["content_hash"] != content_hash:
            raise Stale(Reason.CONTENT_CHANGED)
        picture = _picture(source, answer.decoded)
        if picture.unreadable is not None:
            raise Invalid(picture.unreadable, str((answer.decoded or {}).get("detail", "")))
        await asyncio.to_thread(self._keep, content_hash, answer.rendition)
        return answer.rendition

    async def hash(self, reference: str) -> str:
        """SHA-256 (hex) of the file's bytes now. Raises Invalid (too large, too), Unavailable."""
        source = _source(await self._ask(reference, "no"))
        if source["content_hash"] is None:
            raise Invalid(Reason.FILE_TOO_LARGE)
        return str(source["content_hash"])

    def _keep(self, content_hash: str, rendition: bytes) -> None:
        self._cache.put(content_hash, self._limits.recipe, rendition)

    async def _ask(self, reference: str, decode: str, measured: str | None = None) -> _Answer:
        """Ask a child, and a fresh one if it died: it may be worn out, or a stranger killed it."""
        request: Header = {"reference": reference, "decode": decode, "measured": measured}
        try:
            answer = await self._exchange(request, fresh=False)
        except ChildDiedError:
            answer = None
        if answer is not None and answer.unreadable not in _CHILD_FAULTS:
            return answer
        try:
            return await self._exchange(request, fresh=True)
        except ChildDiedError as error:
            raise Unavailable(Reason.DECODER_UNAVAILABLE, "died before it decoded") from error

    async def _exchange(self, request: Header, *, fresh: bool) -> _Answer:
        async with self._borrow(fresh=fresh) as child:
            await child.send(request)
            try:
                header, _ = await child.receive(self._limits.read_seconds)
            except TimeoutError as error:
                raise Unavailable(Reason.MEDIA_ROOT_UNAVAILABLE, "reading hangs") from error
            if "failure" in header:
                return _Answer(failure=header)
            source = header["source"]
            if not header["decodes"]:
                return _Answer(source=source)
            decoded, rendition = await self._receive_decoded(child)
            return _Answer(source=source, decoded=decoded, rendition=rendition)

    async def _receive_decoded(self, child: Child) -> tuple[Header, bytes]:
        try:
            decoded, rendition = await child.receive(self._limits.child_seconds)
        except TimeoutError:
            child.kill()
            return {"unreadable": Reason.DECODER_TIMEOUT.value}, b""
        except ChildDiedError:
            child.kill()
            return {"unreadable": Reason.DECODER_CRASHED.value}, b""
        if decoded.get("unreadable") == Reason.DECODER_OUT_OF_MEMORY:
            child.kill()  # what it could not get may still be missing for the next picture
        return decoded, rendition

    @asynccontextmanager
    async def _borrow(self, *, fresh: bool) -> AsyncIterator[Child]:
        """A child for one exchange; used again unless it was killed or the exchange broke off."""
        async with self._turns:
            if fresh and self._idle:
                self._dispose(self._idle.pop())
            child = self._idle.pop() if self._idle and not fresh else await self._start()
            try:
                yield child
            except BaseException:
                self._dispose(child)
                raise
            if child.killed:
                self._dispose(child)
            else:
                self._idle.append(child)

    async def _start(self) -> Child:
        try:
            child = await Child.spawn()
        except OSError as error:
            raise Unavailable(Reason.DECODER_UNAVAILABLE, str(error)) from error
        self._children.add(child)
        try:
            await child.prepare(self._root, self._limits)
        except (ChildDiedError, TimeoutError) as error:
            self._dispose(child)
            raise Unavailable(Reason.DECODER_UNAVAILABLE, "no child process gets ready") from error
        except BaseException:
            self._dispose(child)
            raise
        return child

    def _dispose(self, child: Child) -> None:
        child.kill()
        if child in self._children:
            self._children.remove(child)
            ending = asyncio.create_task(child.wait())
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)


def _source(answer: _Answer) -> Header:
    if answer.failure is not None:
        raise _failure(**answer.failure)
    assert answer.source is not None
    return answer.source


def _failure(failure: str, reason: str, detail: str) -> Exception:
    kinds: dict[str, type[Failure]] = {kind.kind: kind for kind in (Invalid, Unavailable)}
    if failure not in kinds:
        return RuntimeError(f"{reason} in a child process")
    return kinds[failure](reason, detail)


def _picture(source: Header, decoded: Header | None) -> Picture:
    if decoded is None:
        reason = Reason.EMPTY_FILE if source["size"] == 0 else Reason.FILE_TOO_LARGE
        return Picture(unreadable=reason.value)
    fields: dict[str, Any] = {name: decoded.get(name) for name in _PICTURE_FIELDS}
    measures, embedded = decoded.get("measures"), decoded.get("embedded")
    return Picture(
        **fields,
        measures=None if measures is None else Measures.model_validate(measures),
        embedded=None if embedded is None else Embedded.model_validate(embedded),
    )


_PICTURE_FIELDS = ("format", "width", "height", "pixel_hash", "unreadable", "phash")
