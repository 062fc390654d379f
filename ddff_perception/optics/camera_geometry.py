"""Pinhole geometry of a depth image: pixels and metres to points, with rays that are made once.

Frames are optical (REP-103): z forward, x right, y down. Depth is metres along z.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import CameraModel, FloatArray, ImageArray, InputError

# Points worked on at a time: what is between depth and points then stays in the processor's cache.
_BAND = 40_000


class PointGrid:
    """The rays of one camera at one stride: depth images become points without recomputing them.

    `stride`: every stride-th pixel of every stride-th row becomes a point, at least 1. `shape`:
    rows and columns of points.
    """

    def __init__(self, camera: CameraModel, stride: int = 1) -> None:
        if stride < 1:
            raise InputError(f"the stride of the points is {stride}: it must be at least 1")
        self.camera = camera
        self.stride = stride
        columns = np.arange(0, camera.width, stride, dtype=np.float32)
        rows = np.arange(0, camera.height, stride, dtype=np.float32)
        self.shape = (rows.size, columns.size)
        ray_x = (columns - np.float32(camera.cx)) / np.float32(camera.fx)
        ray_y = (rows - np.float32(camera.cy)) / np.float32(camera.fy)
        band = min(max(1, _BAND // columns.size), rows.size)
        # Of a band's size: a multiplication of equal shapes is faster than a broadcast one.
        self._ray_x = np.ascontiguousarray(np.broadcast_to(ray_x, (band, columns.size)))
        self._ray_y = ray_y[:, None]

    def points(
        self,
        depth: FloatArray,
        image: ImageArray | None = None,
        minimum_m: float = 0.0,
        maximum_m: float = np.inf,
        out: FloatArray | None = None,
    ) -> FloatArray:
        """Organised points of a depth image.

        `depth`: H x W float32 metres; `image`: H x W or H x W x 3 BGR, uint8 or uint16, of the
        same size, None for white. Returns float32 of `shape` + (4,): x, y, z in metres and the
        colour packed as `pack_colours` does. x, y and z are NaN where the depth is not finite or
        outside of `minimum_m` .. `maximum_m`. `out` is filled and returned if it is given. Raises
        InputError where a size does not fit.
        """
        size = (self.camera.height, self.camera.width)
        if depth.shape != size or (image is not None and image.shape[:2] != size):
            raise InputError(
                f"the depth image is {depth.shape[1]}x{depth.shape[0]}, its camera "
                f"{size[1]}x{size[0]}: publish the camera_info of this image"
            )
        cloud = np.empty((*self.shape, 4), np.float32) if out is None else out
        if cloud.shape != (*self.shape, 4) or cloud.dtype != np.float32:
            raise InputError(f"{self.shape} points do not fit into {cloud.shape} {cloud.dtype}")
        z, x, y = np.empty((3, *self._ray_x.shape), np.float32)
        for first in range(0, self.shape[0], z.shape[0]):
            band = slice(first, first + z.shape[0])
            seen = np.ascontiguousarray(depth[:: self.stride][band, :: self.stride])
            if image is None:
                colour = np.full(seen.shape, np.uint32(0xFFFFFF)).view(np.float32)
            else:
                colour = pack_colours(image[:: self.stride][band, :: self.stride])
            x, y, z = x[: seen.shape[0]], y[: seen.shape[0]], z[: seen.shape[0]]
            z.fill(np.nan)
            cv2.copyTo(seen, _inside(seen, minimum_m, maximum_m).view(np.uint8), z)
            np.multiply(self._ray_x[: seen.shape[0]], z, out=x)
            np.multiply(self._ray_y[band], z, out=y)
            cv2.merge([x, y, z, colour], cloud[band])
        return cloud


def depth_to_points(depth: FloatArray, camera: CameraModel) -> FloatArray:
    """Organised points of one depth image: H x W float32 metres to H x W x 3 x, y, z in metres,
    NaN where the depth is not finite. For a stream of images keep a `PointGrid`.
    """
    return np.ascontiguousarray(PointGrid(camera).points(depth)[..., :3])


def _inside(z: FloatArray, minimum_m: float, maximum_m: float) -> NDArray[np.bool_]:
    # Comparisons with NaN are false; the largest float keeps infinity out.
    largest = np.float32(min(maximum_m, float(np.finfo(np.float32).max)))
    # Zero is no distance (REP-117), whatever the range.
    smallest = np.float32(max(minimum_m, float(np.finfo(np.float32).tiny)))
    return (z >= smallest) & (z <= largest)


def pack_colours(image: ImageArray) -> FloatArray:
    """Colours as RViz and PCL read them from a float32 `rgb` field: the bits of 0x00RRGGBB.

    `image`: H x W or H x W x 3 BGR, uint8 or uint16 (the upper byte counts). Returns H x W
    float32 whose bits, not values, are the colour.
    """
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    code = cv2.COLOR_GRAY2BGRA if image.ndim == 2 else cv2.COLOR_BGR2BGRA
    packed: Any = cv2.cvtColor(np.ascontiguousarray(image), code).view(np.dtype("<u4"))[..., 0]
    # With 255 in the fourth byte dark colours would be NaN as a float.
    packed &= np.uint32(0xFFFFFF)
    return packed.view(np.dtype("<f4"))  # type: ignore[no-any-return]
