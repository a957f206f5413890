"""The stores of pictures, as `bildwerk doctor` looks at them."""

import asyncio
from collections.abc import AsyncIterator

from bildwerk.arguments import make_sources
from bildwerk.cli.finding import Finding
from bildwerk.settings import Settings
from handlers.failures import Unavailable
from handlers.inspect.places import UNNAMED
from handlers.inspect.references import MediaRoot
from handlers.inspect.sources import Sources


async def examine_stores(settings: Settings) -> AsyncIterator[Finding]:
    """Every media root, every bucket, and whether the web is open."""
    sources = make_sources(settings)
    for name, root in sources.roots.items():
        async for finding in _examine_root(name, root):
            yield finding
    for store in sources.stores:
        if store not in sources.roots:
            yield await _examine_bucket(sources, store)
    if settings.http_references:
        hosts = ", ".join(settings.http_references)
        yield Finding("pictures on the web", fine=f"may be fetched from {hosts}".replace("from *", "from any host"))


async def _examine_bucket(sources: Sources, store: str) -> Finding:
    try:
        await sources.check(store)
    except Unavailable:
        mend = "check BILDWERK_S3_ENDPOINT, the key, and that it may s3:ListBucket, which tells missing from denied"
        return Finding(f"bucket {store}", f"cannot be listed: {mend}")
    return Finding(f"bucket {store}")


async def _examine_root(name: str, root: MediaRoot) -> AsyncIterator[Finding]:
    where = f"media root {root.path}" if name == UNNAMED else f"media root {name} ({root.path})"
    variable = "BILDWERK_MEDIA_ROOT" if name == UNNAMED else "BILDWERK_MEDIA_ROOTS"
    try:
        await asyncio.to_thread(MediaRoot(root.path).check)
    except Unavailable:
        yield Finding(where, f"cannot be listed: mount it, or set {variable}")
        return
    try:
        await asyncio.to_thread(root.check)
    except Unavailable:
        mend = f"mount it, or, if this is the right folder, run `touch {root.path / str(root.sentinel)}`"
        yield Finding(where, f"BILDWERK_MEDIA_ROOT_SENTINEL is not there: {mend}")
        return
    yield Finding(where)
    try:
        await asyncio.to_thread(root.check, expect_files=True)
    except Unavailable:
        yield Finding(where, "is empty: fine before the first picture, else its mount is missing", warning=True)
    if root.mounted and root.sentinel is None:
        mend = f"run `touch {root.path / '.bildwerk-root'}` and set BILDWERK_MEDIA_ROOT_SENTINEL=.bildwerk-root"
        yield Finding(where, f"is a mount point without a sentinel, so its absence is noticed less surely: {mend}",
                      warning=True)  # fmt: skip
