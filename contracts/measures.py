"""What pixels say about a picture by themselves, measured once per content hash."""

from pydantic import BaseModel, ConfigDict

MEASURES_VERSION = 1
"""To be raised when other code measures other figures from the same pixels: pictures are then measured anew."""


class Measures(BaseModel):
    """The figures of one picture, taken on its native pixels after EXIF rotation."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = MEASURES_VERSION
