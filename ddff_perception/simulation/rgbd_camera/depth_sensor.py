"""What a structured-light camera makes of true depth: noise, steps of disparity, shadows, holes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray

# A camera of the first Kinect's kind: baseline in metres, steps of disparity in pixels of 640.
_BASELINE_M, _STEP_PX, _NOISE_PX = 0.075, 1 / 8, 0.08
_NEAREST_M, _FARTHEST_M = 0.35, 8.0
_SHADOW_JUMP = 0.08


def sensed_depth(
    depth: FloatArray, lost: NDArray[np.bool_], focal_px: float, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """True metres as such a camera's whole millimetres, 0 unknown; all H x W.

    `lost`: where nothing comes back (glass, mirrors). Noise and steps are constant in disparity,
    so that both grow with the square of the distance; beside near things lies their shadow.
    """
    scale = _BASELINE_M * focal_px * 640 / depth.shape[1]
    with np.errstate(divide="ignore"):
        disparity = scale / depth
    smooth = cv2.GaussianBlur(rng.normal(0, 1, depth.shape).astype(np.float32), (0, 0), 0.8)
    disparity = disparity + smooth / smooth.std() * _NOISE_PX
    disparity = np.maximum(np.rint(disparity / _STEP_PX) * _STEP_PX, _STEP_PX / 2)
    measured = scale / disparity
    # What the projector, to the left of the camera, does not reach.
    before = cv2.erode(depth, np.ones((1, 5)), anchor=(4, 0))
    with np.errstate(invalid="ignore"):
        shadow = (depth - before) > _SHADOW_JUMP * depth
    gone = lost | shadow | ~np.isfinite(depth) | (depth < _NEAREST_M) | (depth > _FARTHEST_M)
    return np.asarray(np.where(gone, 0, np.rint(measured * 1000)).clip(0, 65535), np.uint16)
