"""Images enlarged: bicubic, or smoothed along edges in agreement with the small image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from ...parameters import Settings, parameter
from ...types import AnyImage, FloatArray, ImageArray

# Standard deviation of the window in which the direction of an edge is told.
_WINDOW_PX = 1.5
# How far along the edge it is smoothed each way, of the large image.
_ALONG_PX = 2.0
_ROUNDS = 2
_BORDER = cv2.BORDER_REPLICATE
_BRIGHTNESS = np.array([[0.25, 0.5, 0.25]], np.float32)


@dataclass(frozen=True)
class EnlargementSettings(Settings):
    """How large the restored image is."""

    scale: int = parameter(1, "how many times as wide and high the result is", limits=(1, 4))
    method: str = parameter(
        "edge_directed",
        "bicubic, or edge_directed: smoothed along edges, in agreement with the small image",
        choices=("bicubic", "edge_directed"),
    )


def enlarged(image: ImageArray, settings: EnlargementSettings) -> ImageArray:
    """`image`, H x W or H x W x 3, `scale` times as large, in its type.

    Pixel n of the small image covers the pixels n * scale to (n + 1) * scale - 1.
    """
    scale = settings.scale
    if scale == 1:
        return image
    if settings.method == "bicubic":
        return cast(
            ImageArray, cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        )
    top = np.iinfo(image.dtype).max
    values = edge_directed(np.asarray(image, np.float32), scale)
    return cast(ImageArray, np.rint(values).clip(0, top).astype(image.dtype))


def edge_directed(small: FloatArray, scale: int) -> FloatArray:
    """H x W (x 3) float32, `scale` times as large: bicubic, then in turn smoothed along the edges
    and made to agree with the small image. Of colour the brightness, which its channels follow.

    The direction is that of the structure tensor (Weickert, "Coherence-enhancing diffusion
    filtering", IJCV 31 (1999)); the agreement is back-projection (Irani and Peleg, "Improving
    resolution by image registration", 1991).
    """
    bright = small if small.ndim == 2 else cv2.transform(small, _BRIGHTNESS)
    grey = np.asarray(bright, np.float32)
    size = (small.shape[1] * scale, small.shape[0] * scale)
    first = _larger(grey, size)
    across, down, share = _directions(grey, size)
    columns, rows = (np.arange(n, dtype=np.float32) for n in size)
    ways = [
        cv2.convertMaps(columns + step * across, rows[:, None] + step * down, cv2.CV_16SC2)
        for step in (np.float32(-_ALONG_PX), np.float32(_ALONG_PX))
    ]
    share /= 1 + len(ways)
    bright = first.copy()
    for _ in range(_ROUNDS):
        change = bright * np.float32(-len(ways))
        for way in ways:
            change += cv2.remap(bright, way[0], way[1], cv2.INTER_LINEAR, borderMode=_BORDER)
        bright += share * change
        again = cv2.resize(bright, small.shape[1::-1], interpolation=cv2.INTER_AREA)
        bright += _larger(grey - again, size)
    if small.ndim == 2:
        return bright
    large = _larger(small, size)
    large += (bright - first)[..., None]
    return large


def _larger(values: AnyImage, size: tuple[int, int], how: int = cv2.INTER_CUBIC) -> FloatArray:
    return np.asarray(cv2.resize(values, size, interpolation=how), np.float32)


def _directions(
    grey: FloatArray, size: tuple[int, int]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Along the edge: x, y of a unit vector, and how sure that is in 0..1; of the large size."""
    dx, dy = (cv2.Scharr(grey, cv2.CV_32F, *order, scale=1 / 32) for order in ((1, 0), (0, 1)))
    tensor = cv2.merge([dx * dx - dy * dy, 2 * dx * dy, dx * dx + dy * dy])
    lengthwise, crosswise, total = cv2.split(cv2.GaussianBlur(tensor, (0, 0), _WINDOW_PX))
    spread = cv2.magnitude(lengthwise, crosswise)
    # Half the angle of both is the gradient's: the edge's is a right angle on.
    angle = np.asarray(cv2.phase(lengthwise, crosswise) / 2 + np.float32(np.pi / 2), np.float32)
    sure = np.square(spread / np.maximum(total, 1e-6))
    # A direction turned by half is the same: nothing lies between two.
    across, down = (
        _larger(np.asarray(part, np.float32), size, cv2.INTER_NEAREST)
        for part in cv2.polarToCart(np.ones_like(angle), angle)
    )
    return across, down, _larger(sure, size, cv2.INTER_LINEAR)
