"""Torn patches: depth that jumps where the image is smooth, and plain surfaces that fall apart."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ddff_perception.types import DepthEstimate, FloatArray, ImageArray

WINDOW_PX = 15
# Of the sweep.
JUMP = 0.25
# Standard deviation of the grey values of a window, of 255; noise and JPEG leave less.
SMOOTH_LEVELS = 4.0


def positions(estimate: DepthEstimate, distances_m: Sequence[float]) -> FloatArray:
    """The estimate as shares of the sweep, H x W float32, 0 at the first slice where distances are
    unknown and at the farthest where they are known; NaN where there is no depth.
    """
    if estimate.relative:
        return estimate.depth
    with np.errstate(divide="ignore"):
        dioptres = 1.0 / np.asarray(distances_m)
        share = (1.0 / estimate.depth - dioptres.min()) / np.ptp(dioptres)
    return share.astype(np.float32)


def smooth(images: Sequence[ImageArray]) -> NDArray[np.bool_]:
    """H x W: no slice shows more than noise within `WINDOW_PX` around."""
    size = (WINDOW_PX, WINDOW_PX)
    result = np.ones(images[0].shape[:2], bool)
    for image in images:
        grey = image.mean(axis=2) if image.ndim == 3 else image.astype(np.float64)
        grey = grey * (255.0 / np.iinfo(image.dtype).max)
        mean = cv2.boxFilter(grey, cv2.CV_64F, size)
        variance = cv2.boxFilter(grey**2, cv2.CV_64F, size) - mean**2
        result &= np.asarray(variance) < SMOOTH_LEVELS**2
    return result


def torn(position: FloatArray, even: NDArray[np.bool_]) -> float:
    """Share of all pixels that are `even` (H x W) and yet more than a quarter of the sweep from the
    median of their 15 x 15 surroundings; a pixel without depth is not torn.
    """
    known = np.isfinite(position)
    steps = np.rint(np.clip(np.where(known, position, 0), 0, 1) * 255).astype(np.uint8)
    around = cv2.medianBlur(steps, WINDOW_PX).astype(np.float32) / 255
    jump = np.abs(steps.astype(np.float32) / 255 - around) > JUMP
    return float(np.mean(jump & even & known))


def off_plane(position: FloatArray) -> float:
    """Share of a plain surface's pixels (h x w) without depth, or more than a quarter of the sweep
    from the plane that fits most of them.
    """
    rows, columns = np.mgrid[: position.shape[0], : position.shape[1]]
    columns_of = [np.ones(position.size), rows.ravel(), columns.ravel()]
    x = np.stack(columns_of, axis=1).astype(np.float64)
    y = position.ravel().astype(np.float64)
    used = np.isfinite(y)
    if not used.any():
        return 1.0
    plane = np.array([np.median(y[used]), 0.0, 0.0])
    weight = np.ones(int(used.sum()))
    for _ in range(20):
        # Least absolute distances, by least squares of changing weights.
        root = np.sqrt(weight)[:, None]
        plane = np.linalg.lstsq(x[used] * root, y[used] * root[:, 0], rcond=None)[0]
        weight = 1 / np.maximum(np.abs(y[used] - x[used] @ plane), 0.01)
    return float(np.mean(~used | (np.abs(y - x @ plane) > JUMP)))
