"""What of a medium is compared to tell whether two are duplicates."""

from dataclasses import dataclass

from contracts.embedded import Embedded
from contracts.moments import Taken
from contracts.sketches import Sketch


@dataclass(frozen=True, slots=True)
class Candidate:
    """One medium with a readable picture.

    `size` is width and height in pixels, which `pixel_hash` does not hold. `platform_hash` and `platform_phash` (64
    bits, signed) are the platform's own.
    """

    media_id: int
    content_hash: str
    pixel_hash: str
    size: tuple[int, int]
    sketch: Sketch
    taken: Taken | None = None
    embedded: Embedded | None = None
    platform_hash: str | None = None
    platform_phash: int | None = None

    @property
    def pixels(self) -> str:
        """What pictures have in common whose pixels are the same, in the same rows."""
        return f"{self.pixel_hash} {self.size[0]}x{self.size[1]}"
