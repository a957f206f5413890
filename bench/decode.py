"""What looking at a picture costs in the child processes: read, hashed, decoded, scaled and kept.

The reference is Pillow's `load` of the same files in this process, which only decodes.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from PIL import Image

from bench.comparison import Comparison, Plan, Round, Table, take_turns
from bench.pictures import ONE_MEGAPIXEL, TWELVE_MEGAPIXELS, fill
from handlers.inspect.limits import PictureLimits
from handlers.inspect.pool import PicturePool
from handlers.inspect.references import MediaRoot
from handlers.inspect.renditions import RenditionCache
from handlers.inspect.sources import Sources

BARE = "bare Pillow"
PROCESSES = {"pool of 1": 1, "pool of 2": 2}
SIZES = {"1 MP": (ONE_MEGAPIXEL, 48), "12 MP": (TWELVE_MEGAPIXELS, 12)}
CACHE_BYTES = 1 << 30


async def measure(plan: Plan) -> AsyncGenerator[Round, None]:
    """Look at the same files in each way."""
    files = {name: fill(plan.folder / name, 4 if plan.quick else count, size) for name, (size, count) in SIZES.items()}
    for number in plan.numbers:
        yield {
            name: {way: await _look(plan.folder, name, names, way) for way in take_turns([BARE, *PROCESSES], number)}
            for name, names in files.items()
        }


async def _look(folder: Path, size: str, names: Sequence[str], way: str) -> float:
    """Milliseconds by the clock for one picture."""
    root = folder / size
    if way == BARE:
        began = time.perf_counter()
        for name in names:
            with Image.open(root / name) as image:
                image.load()
        return (time.perf_counter() - began) / len(names) * 1000
    cache = RenditionCache(folder / "cache", CACHE_BYTES)
    processes = PROCESSES[way]
    async with PicturePool(Sources({"": MediaRoot(root)}), PictureLimits(), cache, processes) as pool:
        await asyncio.gather(*(pool.inspect(names[0]) for _ in range(processes)))
        began = time.perf_counter()
        found = await asyncio.gather(*map(pool.inspect, names))
        taken = time.perf_counter() - began
    assert all(inspection.picture.unreadable is None for inspection in found)
    return taken / len(names) * 1000


COMPARISON = Comparison(
    "decode",
    "time by the clock for looking at a JPEG in child processes, against Pillow's bare decoding here",
    {name: Table(f"time of a JPEG of {name}", "ms per picture", BARE) for name in SIZES},
    measure,
)
