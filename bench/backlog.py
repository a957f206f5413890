"""Media that were looked at and whose pictures are prepared: all that is left is to ask the model."""

from collections.abc import Sequence
from io import BytesIO

from bench.library import inspect_all, name_content
from bench.pictures import SMALL, draw
from bildwerk.arguments import make_limits, make_planner
from bildwerk.settings import Settings
from db.pool import Connection
from handlers.inspect.renditions import RenditionCache
from handlers.runner.planning import PlanRequest

BATCH = 500
MEDIA = "INSERT INTO public.media (id, path, hash) SELECT n, n || '.jpg', md5(n::text) FROM unnest($1::bigint[]) AS n"


async def make_backlog(connection: Connection, settings: Settings, media: Sequence[int]) -> None:
    """Make media of these ids, each with a picture of its own by name; they all show the same."""
    planner, cache = make_planner(settings), RenditionCache(settings.cache_folder, settings.cache_bytes)
    shown = BytesIO()
    draw(SMALL).save(shown, "JPEG", quality=settings.picture_quality)
    for number in media:
        cache.put(name_content(f"{number}.jpg"), make_limits(settings).recipe, shown.getvalue())
    for start in range(0, len(media), BATCH):
        batch = media[start : start + BATCH]
        async with connection.transaction():
            await connection.execute(MEDIA, batch)
            await planner.plan_media(connection, [PlanRequest(number) for number in batch])
        await inspect_all(connection, planner)
