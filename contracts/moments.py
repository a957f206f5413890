"""When and how a camera says it took a picture."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Taken(BaseModel):
    """What EXIF tells of the exposure. Local time of the camera, no zone: cameras seldom know it.

    `at` is DateTimeOriginal with its fraction of a second, if there is one: `exact` says so; else it is cut to whole
    seconds. `exposure` is the exposure time in seconds, `bias` its compensation in stops, `camera` maker and model as
    they are told; each None where it is not told.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: datetime
    exact: bool = False
    exposure: float | None = None
    bias: float | None = None
    camera: str | None = None
