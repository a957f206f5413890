"""Which media are worked on: the settings `BILDWERK_ONLY_...` and `BILDWERK_EXCEPT_...`."""

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings

from handlers.choice.labels import Label, read_label
from handlers.choice.paths import PathPattern
from handlers.choice.ranges import AGE, AMOUNT, Range, read_range
from handlers.choice.types import read_type


def _listed(read: Callable[[str], object]) -> BeforeValidator:
    """Each of a list, separated by commas or lines, as `read` understands it."""

    def understand(value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(read(part.strip()) for part in value.replace("\n", ",").split(",") if part.strip())

    return BeforeValidator(understand)


def _ranged(units: Mapping[str, float]) -> BeforeValidator:
    return BeforeValidator(lambda value: read_range(value, units) if isinstance(value, str) else value)


Paths = Annotated[tuple[PathPattern, ...], _listed(PathPattern)]
FileTypes = Annotated[tuple[str, ...], _listed(read_type)]
Labels = Annotated[tuple[Label, ...], _listed(read_label)]
Amount = Annotated[Range, _ranged(AMOUNT)]
Age = Annotated[Range, _ranged(AGE)]


class ChoiceSettings(BaseSettings):
    """What of a library is worked on (docs/choice.md)."""

    only_paths: Paths = Field((), description="Only media with such paths: `holiday/`, `*.jpg`, `photos:2024/**`.")
    except_paths: Paths = Field((), description="No media with such paths; an exception wins over any `ONLY`.")
    only_types: FileTypes = Field((), description="Only files of these types: `jpeg`, `png`, or `image/*`.")
    except_types: FileTypes = Field((), description="No files of these types.")
    only_bytes: Amount = Field(Range(), description="Only files of such a size: `100k..`, `..20M`, `100k..20M`.")
    only_pixels: Amount = Field(Range(), description="Only pictures with so many pixels: `0.1M..`, `..50M`.")
    only_age: Age = Field(Range(), description="Only media that were created so long ago: `1h..`, `..30d`; h, d, w, y.")
    only_meta: Labels = Field((), description="Only media with one of these `media_meta`: `key`, or `key=value`.")
    except_meta: Labels = Field((), description="No media with any of these (docs/choice.md).")
