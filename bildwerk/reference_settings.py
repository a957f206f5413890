"""Where pictures may be: the settings of media roots and of stores elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings

from handlers.inspect.places import ROOT_NAME, SCHEMES


def _pairs(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if any(not (name.strip() and path.strip()) for name, _, path in pairs):
        raise ValueError("must be name=folder, comma-separated")
    return {name.strip(): path.strip() for name, _, path in pairs}


def _root_names(value: Mapping[str, Path]) -> Mapping[str, Path]:
    for name in value:
        if name in SCHEMES or not ROOT_NAME.fullmatch(name):
            raise ValueError("a name is up to 32 of a-z, 0-9, - and _, begins with a letter, and is no scheme of URLs")
    return value


Roots = Annotated[Mapping[str, Path], AfterValidator(_root_names), BeforeValidator(_pairs)]
FileName = Annotated[str, Field(pattern=r"^[^/\x00]{1,255}$")]


class ReferenceSettings(BaseSettings):
    """What `media.path` may lead to."""

    media_root: Path = Field(Path("media"), description="Folder that the paths in `media.path` are relative to.")
    media_roots: Roots = Field(
        {}, description="More such folders by name, `photos=/mnt/photos,scans=/mnt/scans`, for `photos:2024/a.jpg`."
    )
    media_root_sentinel: FileName | None = Field(
        None, description="File at the top of every media root; a root without it is away: its mount is missing."
    )
