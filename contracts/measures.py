"""What pixels say about a picture by themselves, measured once per content hash."""

from pydantic import BaseModel, ConfigDict

MEASURES_VERSION = 4
"""To be raised when other code measures other figures from the same pixels, or reads something else from the same file:
pictures are then inspected anew."""


class Measures(BaseModel):
    """The figures of one picture, taken on its native pixels after EXIF rotation.

    Levels are brightness (luma) from 0 to 255. `brightness` is the mean level; `darkest`, `middle` and `brightest` the
    levels below which 0.5, 50 and 99.5 % of the pixels are. `black`, `midtones`, `near_white` and `white` are the
    shares (0 to 1) of pixels of at most 2, of 30 to 204, of 220 to 252 and of at least 253.

    `local_contrast` is the range of levels within the more contrasty tiles. `edges` is the number of tiles in which
    sharpness could be seen. `sharpness` is that of the sharpest twentieth of them, 0 to about 1.4: the largest step
    between neighbouring pixels as a share of the tile's range (a step that a good lens makes has 0.5 or more, one
    blurred by s pixels 0.4/s), in the direction where it is largest; `sharpness_across` in the direction where it is
    smallest, `softest_direction` in degrees from right to down (0 to 180). These are None when no tile has an edge.

    `noise` is the standard deviation (levels) of what differs from pixel to pixel in the flattest blocks, None when all
    blocks are clipped. `blockiness` is how much larger steps are on a grid of 8 pixels than beside it, as a share; None
    when the picture is too small for a grid.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = MEASURES_VERSION
    brightness: float
    darkest: int
    middle: int
    brightest: int
    black: float
    midtones: float
    near_white: float
    white: float
    local_contrast: float | None = None
    edges: int = 0
    sharpness: float | None = None
    sharpness_across: float | None = None
    softest_direction: float | None = None
    noise: float | None = None
    blockiness: float | None = None
