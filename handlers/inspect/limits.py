"""How large a picture may be, what it becomes, and what a decoder may use up."""

from dataclasses import dataclass

MIB = 1024 * 1024

REVISION = 1
"""To be raised when other code makes other renditions of the same bytes."""


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """Bounds of one picture and of the child process that decodes it.

    `max_bytes` of the file, `max_pixels` (width x height) and `max_aspect` (long side : short side)
    before decoding. `longest_side` (pixels) and JPEG `quality` of the rendition: what vision models
    look at, whatever they are sent. `child_memory` (bytes of address space), `child_seconds` (wall
    clock per decode), `read_seconds` (wall clock for reading one file; longer means that the store
    hangs).
    """

    max_bytes: int = 200 * MIB
    max_pixels: int = 50_000_000
    max_aspect: int = 100
    longest_side: int = 1024
    quality: int = 85
    child_memory: int = 1536 * MIB
    child_seconds: float = 30
    read_seconds: float = 120

    @property
    def recipe(self) -> str:
        """Names how renditions are made: same bytes, same recipe, same rendition."""
        return f"{self.longest_side}-q{self.quality}-r{REVISION}"
