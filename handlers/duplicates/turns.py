"""The eight ways to turn and mirror a picture."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

TURNS: Mapping[str, tuple[bool, bool, bool]] = MappingProxyType(
    {
        "as_is": (False, False, False),
        "mirrored": (False, False, True),
        "flipped": (False, True, False),
        "turned_180": (False, True, True),
        "transposed": (True, False, False),
        "turned_90": (True, False, True),
        "turned_270": (True, True, False),
        "transversed": (True, True, True),
    }
)
"""By name: whether rows and columns are exchanged, then rows reversed, then columns. Degrees are clockwise."""

INVERSE: Mapping[str, str] = MappingProxyType(
    {name: {"turned_90": "turned_270", "turned_270": "turned_90"}.get(name, name) for name in TURNS}
)


def turn(plane: NDArray[Any], name: str) -> NDArray[Any]:
    """A square array, turned."""
    exchanged, reversed_rows, reversed_columns = TURNS[name]
    plane = plane.T if exchanged else plane
    plane = plane[::-1] if reversed_rows else plane
    return np.ascontiguousarray(plane[:, ::-1] if reversed_columns else plane)
