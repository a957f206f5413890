"""Text that PostgreSQL can hold."""


def storable(text: str, limit: int) -> str:
    """At most `limit` characters of a text of unknown origin, without NUL and lone surrogates (both are refused)."""
    return text[:limit].replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
