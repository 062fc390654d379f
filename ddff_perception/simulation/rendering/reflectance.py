"""The reflectance that a camera sees, looked up in the surfaces' textures without noise.

A path tracer's samples would leave grain in it, which a blurred view would show as texture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.textures import Texture
from ...types import FloatArray

_MOST_SHRUNK = 16


def seen_reflectance(
    textures: Sequence[Texture], objects: NDArray[np.uint16], uv: FloatArray, across: int
) -> FloatArray:
    """H x W x 3 float32, linear RGB, of `across` x `across` rays per pixel.

    `objects`: 1 + index into `textures` of what each ray meets, 0 for none, and `uv` its texture
    coordinates in tiles: (across H) x (across W) and (across H) x (across W) x 2.
    """
    colour = np.zeros((*objects.shape, 3), np.float32)
    for number in np.unique(objects[objects > 0]):
        seen = objects == number
        colour[seen] = _looked_up(textures[number - 1], uv, seen)
    size = (objects.shape[1] // across, objects.shape[0] // across)
    return np.asarray(cv2.resize(colour, size, interpolation=cv2.INTER_AREA), np.float32)


def _looked_up(texture: FloatArray, uv: FloatArray, seen: NDArray[np.bool_]) -> Any:
    """The colours of the texture, mirrored beyond its edges, at `uv[seen]`: N x 3."""
    if min(texture.shape[:2]) < 2:
        return texture[0, 0]
    shrunk = _shrunk(texture, uv, seen)
    height, width = shrunk.shape[:2]
    # Mirrored twice a texture repeats, and OpenCV's short coordinates hold any place on a floor.
    place = np.abs((uv[seen] + 1.0) % 2.0 - 1.0)
    x = place[:, 0] * width - 0.5
    y = (1.0 - place[:, 1]) * height - 0.5
    rows = -(-len(x) // 4096)
    map_x, map_y = (np.resize(values.astype(np.float32), (rows, 4096)) for values in (x, y))
    looked: Any = cv2.remap(shrunk, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return looked.reshape(-1, 3)[: len(x)]


def _shrunk(texture: FloatArray, uv: FloatArray, seen: NDArray[np.bool_]) -> FloatArray:
    """The texture as fine as the rays sample it, by the median distance between neighbours."""
    beside = seen[:, 1:] & seen[:, :-1]
    steps = np.abs(uv[:, 1:][beside] - uv[:, :-1][beside])
    if not len(steps):
        return texture
    height, width = texture.shape[:2]
    texels = float(np.median(np.hypot(steps[:, 0] * width, steps[:, 1] * height)))
    factor = int(np.clip(texels, 1, min(_MOST_SHRUNK, height // 2, width // 2)))
    if factor < 2:
        return texture
    size = (width // factor, height // factor)
    return np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.float32)
