"""Surface normals of a depth image, by planes fitted to the inverse depth.

A plane n . p = d seen by a pinhole camera has an inverse depth that is linear in the pixels, and
the noise of a triangulating sensor is the same everywhere in it: the least squares over a window
are the right ones for both.
"""

from __future__ import annotations

import cv2
import numpy as np

from ...types import CameraModel, FloatArray, InputError

# Share of a window's pixels that must be known.
_KNOWN = 0.3
# Windows beside a pixel are better than the one around it where that has twice the residual.
_PREFERENCE = 0.5


def normals_from_depth(depth: FloatArray, camera: CameraModel, radius: int = 3) -> FloatArray:
    """Unit normals of H x W float32 metres, towards the camera, in its optical frame.

    Planes are fitted to the windows of 2 `radius` + 1 pixels; each pixel takes, of the window
    around it and the four that end near it, the one that is flattest, so that an edge does not
    bend the normals beside it. Returns H x W x 3 float32, NaN where the depth is unknown or too
    little around it is known. Raises InputError where depth and camera differ in size.
    """
    if depth.shape != (camera.height, camera.width):
        raise InputError(
            f"the depth image is {depth.shape[1]}x{depth.shape[0]}, its camera "
            f"{camera.width}x{camera.height}: give the camera_info of this image"
        )
    known = np.isfinite(depth) & (depth > 0)
    inverse = np.zeros(depth.shape, np.float32)
    np.divide(np.float32(1), depth, out=inverse, where=known)
    slopes, residual = _fitted(inverse, known.astype(np.float32), radius)
    slope_x, slope_y = _flattest(slopes, residual, radius)
    columns = np.arange(camera.width, dtype=np.float32) - np.float32(camera.cx)
    rows = np.arange(camera.height, dtype=np.float32)[:, None] - np.float32(camera.cy)
    # 1 / z = (n . ray) / d, of which the slopes are n_x / (d f_x) and n_y / (d f_y).
    normals = np.empty((*depth.shape, 3), np.float32)
    np.multiply(slope_x, np.float32(-camera.fx), out=normals[..., 0])
    np.multiply(slope_y, np.float32(-camera.fy), out=normals[..., 1])
    normals[..., 2] = slope_x * columns + slope_y * rows - inverse
    length = np.sqrt(np.einsum("hwc,hwc->hw", normals, normals))
    length[~known | (length == 0)] = np.nan
    normals /= length[..., None]
    return normals


def _fitted(
    inverse: FloatArray, known: FloatArray, radius: int
) -> tuple[tuple[FloatArray, FloatArray], FloatArray]:
    """Slopes along x and y of the plane through each window, and its mean squared residual."""
    flat = np.ones(2 * radius + 1, np.float32)
    ramp = np.arange(-radius, radius + 1, dtype=np.float32)

    def moment(image: FloatArray, along_x: FloatArray, along_y: FloatArray) -> FloatArray:
        border = cv2.BORDER_CONSTANT
        found = cv2.sepFilter2D(image, cv2.CV_32F, along_x, along_y, borderType=border)
        return np.asarray(found, np.float32)

    count = moment(known, flat, flat)
    usable = count >= _KNOWN * flat.size**2
    share = np.divide(1.0, count, out=np.zeros_like(count), where=usable)
    # The value at the pixel itself is taken off: float32 then holds the squares of small slopes.
    mean = moment(inverse, flat, flat) * share
    x, y = moment(known, ramp, flat) * share, moment(known, flat, ramp) * share
    xx = moment(known, ramp * ramp, flat) * share - x * x
    yy = moment(known, flat, ramp * ramp) * share - y * y
    xy = moment(known, ramp, ramp) * share - x * y
    wx = moment(inverse, ramp, flat) * share - mean * x
    wy = moment(inverse, flat, ramp) * share - mean * y
    ww = moment(inverse * inverse, flat, flat) * share - mean * mean
    determinant = xx * yy - xy * xy
    usable &= determinant > 1e-3 * (xx + yy) ** 2
    scale = np.divide(1.0, determinant, out=np.full_like(count, np.nan), where=usable)
    slope_x = (yy * wx - xy * wy) * scale
    slope_y = (xx * wy - xy * wx) * scale
    residual = np.maximum(ww - slope_x * wx - slope_y * wy, 0)
    residual[~usable] = np.inf
    return (slope_x, slope_y), residual


def _flattest(
    slopes: tuple[FloatArray, FloatArray], residual: FloatArray, radius: int
) -> tuple[FloatArray, FloatArray]:
    """The slopes of the window around each pixel, or of one beside it that is much flatter."""
    # Rounding, and what a sensor's steps leave, is no reason to look elsewhere.
    best = residual * np.float32(_PREFERENCE)
    best[~np.isfinite(residual)] = np.inf
    found = tuple(slope.copy() for slope in slopes)
    height, width = residual.shape
    aside, over = min(radius, width), min(radius, height)
    for down, right in ((0, aside), (0, -aside), (over, 0), (-over, 0)):
        here = np.s_[max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
        there = np.s_[max(0, down) : height - max(0, -down), max(0, right) : width - max(0, -right)]
        better = residual[there] < best[here]
        np.copyto(best[here], residual[there], where=better)
        for taken, slope in zip(found, slopes, strict=True):
            np.copyto(taken[here], slope[there], where=better)
    return found[0], found[1]
