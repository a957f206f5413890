"""Every reason code of this package, and what it means."""

from enum import StrEnum


class Reason(StrEnum):
    """Why there is no picture, in groups by who says so.

    The first group is raised as `Invalid`: the reference leads to no file of ours. The second is
    the `unreadable` of a `Picture`: there is a file, but no usable picture in it. The third is
    raised as `Unavailable`, the last as `Stale`.
    """

    BAD_REFERENCE = "bad_reference"
    """No path below a media root: `..`, absolute or symlinked out of it, NUL, too long; or a store not allowed."""
    FORBIDDEN_ADDRESS = "forbidden_address"
    """A URL that leads to an address which is not public, or not allowed."""
    MISSING_FILE = "missing_file"
    """Nothing there."""
    NOT_A_FILE = "not_a_file"
    """A folder, FIFO, socket or device."""
    PERMISSION_DENIED = "permission_denied"
    """There, but we may not read it."""

    EMPTY_FILE = "empty_file"
    """Zero bytes. (`MediaRoot.read` raises it.)"""
    FILE_TOO_LARGE = "file_too_large"
    """More than `max_bytes`; refused unread. (`MediaRoot.read` and hashing raise it.)"""
    UNSUPPORTED_FORMAT = "unsupported_format"
    """None of JPEG, PNG, WebP, GIF, AVIF, HEIC, RAW, whatever the file's name says."""
    NO_PREVIEW = "no_preview"
    """A camera's RAW file without a JPEG in it, or one that is not all there."""
    TRUNCATED_PICTURE = "truncated_picture"
    """The file ends before its picture does. With a young mtime: perhaps an upload in progress."""
    UNDECODABLE_PICTURE = "undecodable_picture"
    """The right format, all of it there, but broken."""
    TOO_MANY_PIXELS = "too_many_pixels"
    """More than `max_pixels`; refused without decoding."""
    BAD_ASPECT = "bad_aspect"
    """A strip: longer than `max_aspect` times its short side; refused without decoding."""
    METADATA_BOMB = "metadata_bomb"
    """Compressed text in the file that unfolds to many megabytes."""
    DECODER_CRASHED = "decoder_crashed"
    """The child process died over it, twice, the second time as a fresh one."""
    DECODER_TIMEOUT = "decoder_timeout"
    """Not decoded after `child_seconds`."""
    DECODER_OUT_OF_MEMORY = "decoder_out_of_memory"
    """Needs more than `child_memory`, also in a fresh child process."""

    MEDIA_ROOT_UNAVAILABLE = "media_root_unavailable"
    """The media root is gone, unreadable, unmounted (a file missing, the root empty) or hangs."""
    STORE_UNAVAILABLE = "store_unavailable"
    """A bucket or web server does not answer, not in time, or with an error of its own."""
    DECODER_UNAVAILABLE = "decoder_unavailable"
    """No child process could be started: this computer's trouble, not the picture's."""

    CONTENT_CHANGED = "content_changed"
    """The file's bytes are no longer those that the content hash names."""
