"""How far the image moved while the shutter was open, by a gyroscope's readings."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from ..optics.blur_kernels import turning_blur_px

_KEPT = 1000
# A reading this far outside of the exposure still tells of it.
_SLACK_NS = 20_000_000


class Gyroscope:
    """The newest readings. `frame_id`: the one they are in."""

    def __init__(self) -> None:
        self.frame_id = ""
        self._readings: deque[tuple[int, NDArray[np.float64]]] = deque(maxlen=_KEPT)

    def add(self, stamp_ns: int, frame_id: str, rate_rad_s: tuple[float, float, float]) -> None:
        """A reading: how fast the sensor turns about its x, y, z."""
        if all(map(math.isfinite, rate_rad_s)):
            self.frame_id = frame_id
            self._readings.append((stamp_ns, np.array(rate_rad_s, np.float64)))

    def clear(self) -> None:
        """Forgets every reading."""
        self._readings.clear()

    def motion_px(
        self, stamp_ns: int, exposure_s: float, focal_px: float, turn: NDArray[np.float64]
    ) -> float:
        """Pixels that the image's middle moved in the exposure that begins at `stamp_ns`; NaN where
        no reading is near. `turn`: 3 x 3, from the sensor's frame to the camera's optical one.
        """
        end = stamp_ns + round(exposure_s * 1e9) + _SLACK_NS
        near = [rate for at, rate in self._readings if stamp_ns - _SLACK_NS <= at <= end]
        if not near:
            return math.nan
        return turning_blur_px(turn @ np.mean(near, axis=0), exposure_s, focal_px)
