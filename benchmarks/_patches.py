"""Torn patches: depth that jumps where the image is smooth, and plain surfaces that fall apart."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ddff_perception.types import DepthEstimate, FloatArray, ImageArray

WINDOW_PX = 15
# Of the sweep.
JUMP = 0.25
# A plain surface is whole where it is nearer to its plane, of the sweep.
OFF_PLANE = 0.1
_FITTED_PIXELS = 4000
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


def off_plane(position: FloatArray, upright: bool = False) -> float:
    """Share of a plain surface's pixels (h x w) without depth, or more than a tenth of the sweep
    from the plane that fits most of them, of one depth where it is `upright`; a plane that leaves
    the sweep stays at its end.
    """
    if upright:
        return float(np.mean(~(np.abs(position - np.nanmedian(position)) <= OFF_PLANE)))
    rows, columns = np.mgrid[: position.shape[0], : position.shape[1]]
    x = np.stack(
        [np.ones(position.size), rows.ravel() / rows.shape[0], columns.ravel() / rows.shape[1]], 1
    )
    y = position.ravel().astype(np.float64)
    used = np.flatnonzero(np.isfinite(y))[:: max(1, y.size // _FITTED_PIXELS)]
    if not used.size:
        return 1.0

    def distances(plane: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.abs(y - np.clip(x @ plane, 0, 1)))

    # One slope or none to begin with: where all is at an end, slopes beyond it look alike.
    starts = [[np.median(y[used]), 0.0, 0.0], np.linalg.lstsq(x[used], y[used], rcond=None)[0]]
    fits = [
        minimize(lambda plane: float(distances(plane)[used].mean()), start, method="Nelder-Mead")
        for start in starts
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    return float(np.mean(~(distances(best.x) <= OFF_PLANE)))
