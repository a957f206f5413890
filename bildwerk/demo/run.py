"""The demo: pictures in, the pipeline at work, a contact sheet out."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bildwerk.arguments import make_database, make_limits, make_planner, make_sources
from bildwerk.demo.contact_sheet import PAGE, Sheet, write_sheet
from bildwerk.demo.pictures import Credit
from bildwerk.demo.progress import wait_until_settled
from bildwerk.demo.service import require_alive, serving
from bildwerk.ingest import Tally, find_files, ingest
from bildwerk.settings import Settings
from contracts.tags import Tag
from db.library import give_tags, mark_harmless
from db.pool import Pool, open_pool
from db.reads import Overview, Print, read_sheet
from handlers.failures import Failure
from handlers.inspect.pool import PicturePool
from handlers.inspect.renditions import RenditionCache

LARGEST_SHEET = 500


@dataclass(frozen=True, slots=True)
class Results:
    """What the demo made of which files: the page, its rows, the time from the first picture to the last word."""

    page: Path
    prints: Sequence[Print]
    took: timedelta
    tally: Tally


@dataclass(frozen=True, slots=True)
class Show:
    """What to show and how to say so; `output` takes the page, its thumbnails and the service's log.

    `harmless` names pictures that are known to be fit for everybody, as a platform's scanner would; `tags` are those
    that pictures carry before anything is done.
    """

    settings: Settings
    output: Path
    tell: Callable[[Overview], None]
    thanks: Sequence[Credit] = ()
    simulated: bool = False
    harmless: Sequence[str] = ()
    tags: Mapping[str, Sequence[Tag]] = field(default_factory=dict)


async def run(show: Show) -> Results:
    """Put the media root's pictures through the pipeline. Raises ServiceEnded."""
    settings, log = show.settings, show.output / "serve.log"
    show.output.mkdir(parents=True, exist_ok=True)
    async with open_pool(make_database(settings)) as pool:
        began = time.monotonic()
        names = list(find_files(settings.media_root, [settings.media_root]))
        tally = await ingest(pool, make_planner(settings), settings.media_root, names)
        async with pool.acquire() as connection:
            await mark_harmless(connection, show.harmless)
            await give_tags(connection, show.tags)
        async with serving(log) as process, pool.acquire() as connection:

            def tell(overview: Overview) -> None:
                require_alive(process)
                show.tell(overview)

            await wait_until_settled(connection, tell)
            took = timedelta(seconds=time.monotonic() - began)
        prints = await make_sheet(pool, settings, show.output, took=took, thanks=show.thanks, simulated=show.simulated)
    return Results(show.output / PAGE, prints, took, tally)


async def make_sheet(
    pool: Pool,
    settings: Settings,
    output: Path,
    *,
    took: timedelta | None = None,
    thanks: Sequence[Credit] = (),
    simulated: bool = False,
) -> Sequence[Print]:
    """Write the contact sheet of the library as it is now; returns its rows."""
    async with pool.acquire() as connection:
        prints = await read_sheet(connection, LARGEST_SHEET)
    model = next((p.model for p in prints if p.model), settings.model)
    thumbnails = await _make_thumbnails(settings, prints)
    write_sheet(Sheet(prints, thumbnails, settings.language, model, took, simulated, thanks), output)
    return prints


async def _make_thumbnails(settings: Settings, prints: Sequence[Print]) -> dict[int, bytes]:
    """The pictures as the model saw them, by media id; those that cannot be read have none."""
    cache = RenditionCache(settings.cache_folder, settings.cache_bytes)
    found = {}
    async with PicturePool(
        make_sources(settings), make_limits(settings), cache, settings.decoder_processes
    ) as pictures:
        for shot in prints:
            if shot.content_hash is not None and shot.unreadable is None:
                try:
                    found[shot.media_id] = await pictures.rendition(shot.path, shot.content_hash)
                except Failure:
                    continue
    return found
