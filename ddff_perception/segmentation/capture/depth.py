"""Depth images in metres, whatever they come in; what cannot be metres is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...parameters import Settings, parameter
from ...types import FloatArray, InputError

# No room's middle lies outside of these: then the unit is wrong by a thousand.
_NEAREST_MEDIAN_M, _FARTHEST_MEDIAN_M = 0.02, 60.0
_LOOKED_AT = 10_000


@dataclass(frozen=True)
class DepthSettings(Settings):
    """How a depth image is read."""

    unit_m: float = parameter(
        0.0,
        "metres per unit of the depth image; 0: 0.001 of whole numbers (16UC1), 1 of floats",
        "m",
        (0.0, 1.0),
    )
    minimum_m: float = parameter(0.1, "what is nearer is unknown", "m", (0.0, 100.0))
    maximum_m: float = parameter(10.0, "what is farther is unknown", "m", (0.1, 1000.0))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.minimum_m >= self.maximum_m:
            raise InputError("minimum_m must be below maximum_m")


def metres(image: NDArray[Any], settings: DepthSettings) -> FloatArray:
    """A depth image H x W, uint16 (0 and 65535 unknown) or float32, as float32 metres, NaN unknown.

    Raises InputError where it is no depth image, or where its distances are those of another unit.
    """
    if image.ndim != 2 or image.dtype not in (np.uint16, np.float32):
        raise InputError(
            f"depth must be one number per pixel of 16 bits or float32, not {image.shape} "
            f"{image.dtype}: choose the depth topic, uncompressed"
        )
    unit = settings.unit_m or (1e-3 if image.dtype == np.uint16 else 1.0)
    depth = image.astype(np.float32)
    depth *= np.float32(unit)
    with np.errstate(invalid="ignore"):
        measured = (depth > 0) & (depth < np.inf)
    if image.dtype == np.uint16:
        measured &= image < np.iinfo(np.uint16).max
    _check_unit(depth[measured], unit)
    measured &= (depth >= np.float32(settings.minimum_m)) & (
        depth <= np.float32(settings.maximum_m)
    )
    depth[~measured] = np.nan
    return depth


def _check_unit(distances: FloatArray, unit_m: float) -> None:
    if not distances.size:
        return
    middle = float(np.median(distances[:: max(1, distances.size // _LOOKED_AT)]))
    if _NEAREST_MEDIAN_M <= middle <= _FARTHEST_MEDIAN_M:
        return
    far = middle > _FARTHEST_MEDIAN_M
    right = unit_m * (1e-3 if far else 1e3)
    advice = f"set depth.unit_m to {right:g}" if right <= 1.0 else "check the camera driver"
    raise InputError(
        f"half of the depth image is {'farther' if far else 'nearer'} than {middle:g} m with "
        f"{unit_m:g} m per unit: its unit is another one, {advice}"
    )
