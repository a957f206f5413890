"""A `media_meta` key as people beside a platform call it, by our name."""

from db.platform import SCAN, PlatformMapping


def name_key(mapping: PlatformMapping, key: str) -> str:
    """Our name of a key that somebody names as the platform does; any other stays what it is."""
    for name, theirs in mapping.keys.items():
        if theirs == key and name != SCAN:
            return name
    prefix = mapping.keys.get(SCAN, f"{SCAN}.")
    return f"{SCAN}.{key.removeprefix(prefix)}" if prefix and key.startswith(prefix) else key
