"""Camera RAW files: the picture that the camera itself made, which they carry. What its sensor saw is not developed.

Runs in child processes.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

import rawpy

from handlers.inspect.reasons import Reason

_ORIENTATIONS: Final = (1, 2, 4, 3, 5, 8, 6, 7)
"""EXIF's word for each way that LibRaw says a picture is turned."""
_REASONS: Final = (
    (rawpy.LibRawFileUnsupportedError, Reason.UNSUPPORTED_FORMAT),
    (rawpy.LibRawIOError, Reason.TRUNCATED_PICTURE),
    (rawpy.LibRawNoThumbnailError, Reason.NO_PREVIEW),
    (rawpy.LibRawUnsupportedThumbnailError, Reason.NO_PREVIEW),
    (rawpy.LibRawUnsufficientMemoryError, Reason.DECODER_OUT_OF_MEMORY),
)


class NoPreview(Exception):
    """There is no usable picture in it; `reason` says why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Preview:
    """A JPEG, and the EXIF orientation that holds where it names none itself."""

    jpeg: bytes
    orientation: int


def read_preview(data: bytes) -> Preview:
    """The largest JPEG of a RAW file. Raises NoPreview."""
    try:
        with rawpy.imread(BytesIO(data)) as raw:
            found = raw.extract_thumb()
            flip = raw.sizes.flip
    except rawpy.LibRawError as error:
        reason = next((reason for kind, reason in _REASONS if isinstance(error, kind)), Reason.UNDECODABLE_PICTURE)
        raise NoPreview(reason, repr(error)) from error
    if found.format != rawpy.ThumbFormat.JPEG or not isinstance(found.data, bytes):
        raise NoPreview(Reason.NO_PREVIEW, f"a preview of kind {found.format}")
    jpeg = _without_notes(found.data)
    if jpeg[2:] not in data:  # where the file ends too early, LibRaw hands over whatever lay in memory there
        raise NoPreview(Reason.TRUNCATED_PICTURE, "the preview goes beyond the end")
    return Preview(jpeg, _ORIENTATIONS[flip] if 0 <= flip < len(_ORIENTATIONS) else 1)


def _without_notes(jpeg: bytes) -> bytes:
    """The JPEG as the camera wrote it: LibRaw puts EXIF of its own before any that is not the first thing in it."""
    end = 4 + int.from_bytes(jpeg[4:6])
    return jpeg[:2] + jpeg[end:] if jpeg[2:4] == b"\xff\xe1" and b"dcraw v" in jpeg[:end] else jpeg
