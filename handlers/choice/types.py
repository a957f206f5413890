"""Kinds of files, named by a MIME type or a picture's format. Pure."""

from typing import Final

from contracts.facts import MediaFacts

FORMATS: Final = ("jpeg", "png", "webp", "gif", "avif", "heic")
"""What pictures may be called by themselves; anything else is named by its MIME type."""
_SAME: Final = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/heif": "image/heic",
    "image/heic-sequence": "image/heic",
    "image/heif-sequence": "image/heic",
}
_SAYS_NOTHING: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})


def read_type(text: str) -> str:
    """The MIME type that a person means, `*` for any subtype. Raises ValueError."""
    name = text.strip().lower()
    name = name if "/" in name else f"image/{name}"
    name = _SAME.get(name, name)
    kind, _, subtype = name.partition("/")
    if "/" not in text and subtype not in FORMATS:
        raise ValueError(f"there is no {text}: types are {', '.join(FORMATS)}, or MIME types such as image/x-adobe-dng")
    if not kind or not subtype or "/" in subtype:
        raise ValueError(f"{text} is no MIME type: it looks like image/jpeg, or image/*")
    return name


def find_type(facts: MediaFacts) -> str | None:
    """What the platform calls the file, else what the inspector found under the present mark; None: nobody knows."""
    said = (facts.metadata.mime_type or "").partition(";")[0].strip().lower()
    if said not in _SAYS_NOTHING:
        return _SAME.get(said, said)
    found = facts.picture.format if facts.picture and facts.inspected else None
    return read_type(f"image/{found}") if found else None


def is_like(name: str, wanted: str) -> bool:
    """Whether a file's type is the one wanted, or one of them."""
    return name == wanted or (wanted.endswith("/*") and name.startswith(wanted[:-1]))
