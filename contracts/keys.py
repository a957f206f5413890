"""Keys of messages: which one a medium's events have, and whether another program's names the same medium."""

from typing import Final

from contracts.json_objects import Undecodable, read_json

PLACE: Final = "{media_id}"
LONGEST: Final = 256
"""No key that names a medium is longer, in bytes, wrapped or not."""


def make_key(template: str, media_id: str) -> bytes:
    """The key of a medium's events: the template with the decimal id in place of `{media_id}`."""
    return template.replace(PLACE, media_id).encode()


def names_medium(key: bytes, media_id: int, template: str) -> bool:
    """Whether the key is the medium's: its id, what the template makes of it, or either as Kafka Connect writes it."""
    expected = (str(media_id).encode(), make_key(template, str(media_id)))
    return key in expected or (len(key) <= LONGEST and _unwrap(key) in expected)


def _unwrap(key: bytes) -> bytes:
    try:
        parsed = read_json(key)
    except Undecodable:
        return key
    plain = parsed.get("payload") if isinstance(parsed, dict) else parsed
    return str(plain).encode("utf-8", "replace") if isinstance(plain, str | int) else key
