"""HHA: disparity, height above the ground and angle to gravity, as three channels of an image.

S. Gupta, R. Girshick, P. Arbelaez, J. Malik, "Learning rich features from RGB-D images for object
detection and segmentation", ECCV 2014; section 4.4 of the thesis uses it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import CameraModel, FloatArray
from .gravity import LEVEL, estimate_gravity, ground_height
from .normals import normals_from_depth

# Of the images that are published as HHA: 31000 / centimetres, centimetres, degrees + 38.
_DISPARITY, _HEIGHT, _ANGLE_OFFSET = 310.0, 100.0, 38.0
# Of the networks here: 0.3 m is the nearest; 0.3 m below the ground to 2.9 m above it.
NEAREST_M, _HEIGHT_STEPS, _HEIGHT_OFFSET = 0.3, 80.0, 24.0


@dataclass(frozen=True, slots=True)
class Hha:
    """Each H x W float32, NaN where unknown.

    `disparity` 1/m; `height` metres above the ground; `angle_deg` between the normal, which looks
    towards the camera, and straight up: 0 for floors, 90 for walls, 180 for ceilings. `normals`
    H x W x 3. `down`: unit vector of gravity in the optical frame; `estimated` says that depth told
    it, or (where nothing did) that the camera was taken to be level.
    """

    disparity: FloatArray
    height: FloatArray
    angle_deg: FloatArray
    normals: FloatArray
    down: FloatArray
    estimated: bool

    def image(self) -> NDArray[np.uint8]:
        """H x W x 3 in 0..255 as published: 310 / m, centimetres, degrees + 38; 0 unknown."""
        return _bytes(
            self.disparity * np.float32(_DISPARITY),
            self.height * np.float32(_HEIGHT),
            self.angle_deg + np.float32(_ANGLE_OFFSET),
        )

    def network_image(self) -> NDArray[np.uint8]:
        """The same for the networks of this package: the root of the disparity, 255 at 0.3 m, so
        that neither what is near nor what is far is all one value; 80 per metre of height + 24.
        """
        near = np.float32(255.0**2 * NEAREST_M)
        return _bytes(
            np.sqrt(self.disparity * near),
            self.height * np.float32(_HEIGHT_STEPS) + np.float32(_HEIGHT_OFFSET),
            self.angle_deg + np.float32(_ANGLE_OFFSET),
        )


def _bytes(*planes: FloatArray) -> NDArray[np.uint8]:
    stacked = np.nan_to_num(np.stack(planes, axis=-1), nan=0.0)
    return np.asarray(np.rint(stacked).clip(0, 255), np.uint8)


def hha(
    depth: FloatArray, camera: CameraModel, gravity: FloatArray | None = None, radius: int = 3
) -> Hha:
    """HHA of H x W float32 metres (NaN unknown).

    `gravity`: what points down in the optical frame, of any length (an IMU's or TF's); without it,
    the depth's planes tell it, and a level camera is assumed where they do not. `radius`: of the
    windows that normals are fitted to, pixels. Raises InputError where depth and camera differ in
    size.
    """
    normals = normals_from_depth(depth, camera, radius)
    found = estimate_gravity(normals) if gravity is None else np.asarray(gravity, np.float32)
    down = np.asarray(LEVEL, np.float32) if found is None else found
    down = down / np.float32(max(float(np.linalg.norm(down)), 1e-9))
    heights = _heights(depth, camera, down)
    heights -= np.float32(ground_height(heights, normals, down))
    up = np.clip(normals @ -down, -1, 1)
    known = np.isfinite(depth) & (depth > 0)
    disparity = np.full(depth.shape, np.nan, np.float32)
    np.divide(np.float32(1), depth, out=disparity, where=known)
    return Hha(
        disparity, heights, np.degrees(np.arccos(up)), normals, down, estimated=gravity is None
    )


def _heights(depth: FloatArray, camera: CameraModel, down: FloatArray) -> FloatArray:
    """Metres above the camera, NaN where the depth is unknown."""
    columns = (np.arange(camera.width, dtype=np.float32) - camera.cx) / camera.fx
    rows = (np.arange(camera.height, dtype=np.float32)[:, None] - camera.cy) / camera.fy
    along = columns * down[0] + rows * down[1] + down[2]
    heights = np.full(depth.shape, np.nan, np.float32)
    known = np.isfinite(depth) & (depth > 0)
    np.multiply(depth, -along.astype(np.float32), out=heights, where=known)
    return heights
