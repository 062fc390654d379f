"""Images enlarged: bicubic, or smoothed along edges in agreement with the small image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray

# Standard deviation of the window in which the direction of an edge is told.
_WINDOW_PX = 1.5
_ALONG_PX = (0.8, 1.6)
_ROUNDS = 3


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
    and made to agree with the small image.

    The direction is that of the structure tensor (Weickert, "Coherence-enhancing diffusion
    filtering", IJCV 31 (1999)); the agreement is back-projection (Irani and Peleg, "Improving
    resolution by image registration", 1991).
    """
    large = np.asarray(
        cv2.resize(small, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.float32
    )
    across, down, coherence = _directions(small, scale)
    height, width = large.shape[:2]
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    share = coherence if large.ndim == 2 else coherence[..., None]
    for _ in range(_ROUNDS):
        total, count = large.copy(), 1
        for length in _ALONG_PX:
            for sign in (-1, 1):
                x, y = columns + sign * length * across, rows + sign * length * down
                total += cv2.remap(large, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                count += 1
        large += share * (total / count - large)
        missing = small - cv2.resize(large, small.shape[1::-1], interpolation=cv2.INTER_AREA)
        large += cv2.resize(missing, (width, height), interpolation=cv2.INTER_CUBIC)
    return large


def _directions(small: FloatArray, scale: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Along the edge: x, y of a unit vector, and how sure that is in 0..1; of the large size."""
    grey = small if small.ndim == 2 else np.asarray(small.mean(axis=2), np.float32)
    dx, dy = (cv2.Scharr(grey, cv2.CV_32F, *order, scale=1 / 32) for order in ((1, 0), (0, 1)))
    xx, xy, yy = (
        cv2.resize(
            cv2.GaussianBlur(product, (0, 0), _WINDOW_PX),
            None,
            fx=scale,
            fy=scale,
            interpolation=cv2.INTER_LINEAR,
        )
        for product in (dx * dx, dx * dy, dy * dy)
    )
    spread = np.sqrt(np.square(xx - yy) + 4 * np.square(xy))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.float32(np.pi / 2)
    sure = np.square(spread / np.maximum(xx + yy, 1e-6))
    return np.cos(angle), np.sin(angle), np.asarray(sure, np.float32)
