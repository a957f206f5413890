"""What `bildwerk doctor` says of the platform's tables: what does not fit the mapping, and what would be written."""

from collections.abc import AsyncIterator

from bildwerk.arguments import make_chain, make_platform, make_writer
from bildwerk.cli.finding import Finding
from bildwerk.settings import Settings
from db.catalogue import compare, read_catalogue
from db.grants import list_closed, list_missing, list_needed, list_written
from db.platform import PlatformMapping
from db.platform_parts import NEEDS
from db.pool import Connection
from db.reads import read_installation


async def examine_platform(connection: Connection, settings: Settings, role: str) -> AsyncIterator[Finding]:
    """Tables, columns, types, unique keys and grants, a line for each that is wrong; then the optional writes."""
    platform, installation = make_platform(settings), await read_installation(connection)
    writes = make_writer(settings, owns_platform=installation.owns_platform).writes
    if closed := await list_closed(connection):
        mend = f"run `bildwerk migrate --service {role}` as the role that migrates"
        yield Finding("schema bildwerk", f"the role may not work with {', '.join(closed)}: {mend}")
    for mismatch in compare(platform, await read_catalogue(connection, platform), writes):
        yield Finding(f"table {mismatch.table}", f"{mismatch.wrong}: {mismatch.mend}")
    for grant in await list_missing(connection, list_needed(make_chain(settings).keys, writes, platform)):
        kind = grant.kind.lower()
        yield Finding(f"{kind} {grant.table}", f"the role lacks a grant: GRANT {grant} TO {role}")
    whose = (
        "made by bildwerk"
        if installation.owns_platform and settings.platform is None
        else "a platform's; optional writes are off until BILDWERK_WRITES names them"
    )
    yield Finding("media tables", fine=whose)
    for write in ("provenance", *NEEDS):
        yield Finding(f"write {write}", fine=_describe(write, platform, is_on=write in writes))


def _describe(write: str, platform: PlatformMapping, *, is_on: bool) -> str:
    missing = [place for place in NEEDS.get(write, ()) if not platform.has(place)]
    if missing:
        return f"cannot be: there is no {' and no '.join(missing)}"
    what = ", ".join(map(str, list_written(write, platform)))
    said = what or f"ollama.model and ollama.last_run_at in {platform.tables['media_meta']}"
    return f"{'on' if is_on else 'off'}: {said}"
