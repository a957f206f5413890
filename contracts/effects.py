"""What a finished job asks the database to write; the database decides, in the writing statement, whether it may."""

from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class PutMeta:
    """Write one `media_meta` value, unless somebody else holds the field by then."""

    key: str
    value: JsonValue


Effect = PutMeta
Effects = tuple[Effect, ...]
