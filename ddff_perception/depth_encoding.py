"""Depth as millimetres in 16 bits, for consumers that cannot take float metres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .types import FloatArray

MAXIMUM_MM = 65_535
"""The longest distance that 16 bits hold, millimetres."""


def depth_to_millimetres(depth: FloatArray) -> tuple[NDArray[np.uint16], int]:
    """Depth in metres as uint16 millimetres, and how many pixels were too far for it.

    `depth`: H x W float32 metres. Rounded half up; 0 where there is no distance (REP-118: NaN,
    infinite, not positive) or it is beyond 65.535 m; finite ones of the latter are counted.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        rounded = np.floor(depth * np.float32(1000.0) + np.float32(0.5))
        fits = (rounded >= 0) & (rounded <= MAXIMUM_MM)
        too_far = int(np.count_nonzero(np.isfinite(depth) & (rounded > MAXIMUM_MM)))
        return np.where(fits, rounded, np.float32(0)).astype(np.uint16), too_far
