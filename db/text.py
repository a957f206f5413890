"""Text that PostgreSQL can hold."""


def storable(text: str, limit: int) -> str:
    """At most `limit` characters of a text of unknown origin, without NUL and lone surrogates (both are refused)."""
    return text[:limit].replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def like_pattern(glob: str) -> str:
    """The pattern for LIKE in which `*` stands for any text, slashes included, and `?` for one character."""
    escaped = glob.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")
