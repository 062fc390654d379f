"""Depth seen from another camera: every point drawn where the colour camera sees it, the nearest
over those behind it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..optics.rigid_transform import RigidTransform
from ..types import CameraModel, FloatArray, InputError

# A point covers what lies between it and its neighbours, and a little more on slanted surfaces.
_FOOTPRINT = 1.15
_LARGEST_FOOTPRINT = 12
# What is so much farther than what is drawn around it shows through a gap between points.
_BEHIND = 0.07


class DepthRegistration:
    """Depth images of one camera on the pixels of another; what does not change is kept.

    `stand`: points in the depth camera's optical frame as the colour camera's has them.
    """

    def __init__(self, depth: CameraModel, colour: CameraModel, stand: RigidTransform) -> None:
        self.key = (depth, colour, tuple(stand.rotation.flat), tuple(stand.translation))
        self._depth, self._colour = depth, colour
        columns = (np.arange(depth.width) - depth.cx) / depth.fx
        rows = (np.arange(depth.height) - depth.cy) / depth.fy
        x, y = np.meshgrid(columns, rows)
        rays = np.stack([x, y, np.ones_like(x)], axis=-1) @ stand.rotation.T
        self._rays = np.ascontiguousarray(rays.reshape(-1, 3).T, np.float32)
        self._shift = stand.translation.astype(np.float32)
        spread = max(colour.fx / depth.fx, colour.fy / depth.fy)
        self._reach = np.float32(0.5 * spread * _FOOTPRINT)
        if spread > _LARGEST_FOOTPRINT:
            raise InputError(
                f"a pixel of depth covers {spread:.0f} pixels of colour: check both camera_info"
            )

    def __call__(self, depth: FloatArray) -> FloatArray:
        """H x W float32 metres (NaN unknown) on the colour image's pixels, NaN where no point is.

        Raises InputError where the depth image is not of its camera's size.
        """
        camera = self._depth
        if depth.shape != (camera.height, camera.width):
            raise InputError(
                f"the depth image is {depth.shape[1]}x{depth.shape[0]}, its camera "
                f"{camera.width}x{camera.height}: publish the camera_info of this image"
            )
        flat = depth.ravel()
        known = np.flatnonzero(np.isfinite(flat))
        x, y, z = self._rays[:, known] * flat[known] + self._shift[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            u = x / z * np.float32(self._colour.fx) + np.float32(self._colour.cx)
            v = y / z * np.float32(self._colour.fy) + np.float32(self._colour.cy)
        seen = (z > 0) & (u > -1) & (v > -1) & (u < self._colour.width) & (v < self._colour.height)
        return _without_shine_through(self._drawn(u[seen], v[seen], z[seen]))

    def _drawn(self, u: FloatArray, v: FloatArray, z: FloatArray) -> FloatArray:
        height, width = self._colour.height, self._colour.width
        nearest = np.full(height * width, np.inf, np.float32)
        reach = self._reach
        left, top = np.ceil(u - reach).astype(np.int32), np.ceil(v - reach).astype(np.int32)
        most = int(np.floor(2 * reach)) + 1
        for down in range(most):
            for right in range(most):
                column, row = left + right, top + down
                drawn = (column <= u + reach) & (row <= v + reach)
                drawn &= (column >= 0) & (row >= 0) & (column < width) & (row < height)
                np.minimum.at(nearest, row[drawn] * width + column[drawn], z[drawn])
        nearest[np.isinf(nearest)] = np.nan
        return nearest.reshape(height, width)


def _without_shine_through(depth: FloatArray) -> FloatArray:
    """Without single points that lie far behind what is drawn on both of their sides."""
    padded = np.pad(depth, 1, constant_values=np.nan)
    limit = depth * np.float32(1 - _BEHIND)
    with np.errstate(invalid="ignore"):
        sides = [
            padded[1:-1, :-2] < limit,
            padded[1:-1, 2:] < limit,
            padded[:-2, 1:-1] < limit,
            padded[2:, 1:-1] < limit,
        ]
    hidden: NDArray[np.bool_] = (sides[0] & sides[1]) | (sides[2] & sides[3])
    return np.where(hidden, np.float32(np.nan), depth)
