"""Pictures looked at in child processes, several at a time, never on the event loop."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from contracts.facts import Picture
from handlers.failures import Invalid, Stale, Unavailable
from handlers.inspect.answers import Answer
from handlers.inspect.children import Child, ChildDiedError
from handlers.inspect.frames import Header
from handlers.inspect.limits import PictureLimits
from handlers.inspect.reasons import Reason
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Remote, Sources

LEAST_AT_ONCE: Final = 2
"""So that one picture is fetched while another is decoded."""
_CHILD_FAULTS = frozenset([Reason.DECODER_CRASHED, Reason.DECODER_OUT_OF_MEMORY, Reason.DECODER_TIMEOUT])


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


class PicturePool:
    """At most `processes` children, started when first needed, used again, replaced when they die.

    As many files of each remote, two at least, are held in memory for inspections, and as many for what workers wait
    for, which so stands behind few inspections only, however many wait.

    Use it as an asynchronous context manager; leaving it ends all children. The children also end
    when this process does, in whatever way.
    """

    def __init__(self, sources: Sources, limits: PictureLimits, cache: RenditionCache, processes: int) -> None:
        self.sources = sources
        self._limits = limits
        self._cache = cache
        self.at_once = max(LEAST_AT_ONCE, processes)
        self._decoders = asyncio.Semaphore(processes)
        self._turns: defaultdict[tuple[Remote | None, bool], asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(self.at_once)
        )
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

        If its content hash is `measured`, what is measured or read from its metadata stays None: it is known already.
        A file that holds no usable picture is an answer, `picture.unreadable`. Raises Invalid if
        there is no file of ours, Unavailable if the media root or the child processes are away.
        """
        answer = await self._ask(reference, "yes", measured, waited_for=False)
        source, picture = answer.read_source(), answer.read_picture()
        if picture.unreadable is None:
            await asyncio.to_thread(self._keep, source["content_hash"], answer.rendition)
        return Inspection(
            content_hash=source["content_hash"],
            size=source["size"],
            picture=picture,
            mtime=source["mtime"],
            detail=answer.detail,
        )

    async def rendition(self, reference: str, content_hash: str) -> bytes:
        """The JPEG made from the bytes with this content hash, from the cache or from the file.

        Raises Stale if the file holds other bytes by now, Invalid (with the reason) if they are no
        usable picture or there is no file, and Unavailable.
        """
        cached = await self.find_cached(content_hash)
        if cached is not None:
            return cached
        answer = await self._ask(reference, content_hash, content_hash)
        if answer.read_source()["content_hash"] != content_hash:
            raise Stale(Reason.CONTENT_CHANGED)
        picture = answer.read_picture()
        if picture.unreadable is not None:
            raise Invalid(picture.unreadable, answer.detail)
        await asyncio.to_thread(self._keep, content_hash, answer.rendition)
        return answer.rendition

    async def find_cached(self, content_hash: str) -> bytes | None:
        """The rendition of the bytes with this content hash, if it is in the cache."""
        return await asyncio.to_thread(self._cache.get, content_hash, self._limits.recipe)

    async def hash(self, reference: str) -> str:
        """SHA-256 (hex) of the file's bytes now. Raises Invalid (too large, too), Unavailable."""
        source = (await self._ask(reference, "no")).read_source()
        if source["content_hash"] is None:
            raise Invalid(Reason.FILE_TOO_LARGE)
        return str(source["content_hash"])

    def _keep(self, content_hash: str, rendition: bytes) -> None:
        self._cache.put(content_hash, self._limits.recipe, rendition)

    async def _ask(
        self, reference: str, decode: str, measured: str | None = None, *, waited_for: bool = True
    ) -> Answer:
        """What a child makes of the bytes there: it reads a media root itself, all other bytes are fetched for it."""
        place = self.sources.locate(reference)
        request: Header = {"root": None, "decode": decode, "measured": measured}
        remote = self.sources.find_remote(place)
        async with self._turns[remote, waited_for]:
            if remote is None:
                return await self._insist(request | {"root": place.store, "reference": place.name}, b"")
            return await self._insist(request, await remote.fetch(place, self._limits.max_bytes))

    async def _insist(self, request: Header, data: bytes) -> Answer:
        """Ask a child, and a fresh one if it died or hung: a stranger killed it, or the machine stood still."""
        try:
            answer = await self._exchange(request, data, fresh=False)
        except ChildDiedError:
            answer = None
        if answer is not None and answer.unreadable not in _CHILD_FAULTS:
            return answer
        try:
            return await self._exchange(request, data, fresh=True)
        except ChildDiedError as error:
            raise Unavailable(Reason.DECODER_UNAVAILABLE, "died before it decoded") from error

    async def _exchange(self, request: Header, data: bytes, *, fresh: bool) -> Answer:
        async with self._borrow(fresh=fresh) as child:
            await child.send(request, data)
            try:
                header, _ = await child.receive(self._limits.read_seconds)
            except TimeoutError as error:
                raise Unavailable(Reason.MEDIA_ROOT_UNAVAILABLE, "reading hangs") from error
            if "failure" in header:
                return Answer(failure=header)
            source = header["source"]
            if not header["decodes"]:
                return Answer(source=source)
            decoded, rendition = await self._receive_decoded(child)
            return Answer(source=source, decoded=decoded, rendition=rendition)

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
        async with self._decoders:
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
            await child.prepare(self.sources.roots, self._limits)
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
