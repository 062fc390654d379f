"""Thin-lens blur of a sharp view with depth: what the lens shows at each focus, occlusion included.

The view is cut into layers of inverse depth, evenly spaced in dioptres and so in blur. Behind
nearer pixels each layer is continued by its nearest colours, since a wide aperture looks around
edges. The layers are blurred by the disc of
`thin_lens.circle_of_confusion_px` and laid over each other from far to near.

Not modelled: what is truly behind an edge (its surroundings are continued), the shape of the
pupil towards the corners, the lens's own errors. A test holds it against the path tracer.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray

LAYER_STEP_PX = 0.7
"""Least difference in disc diameter between neighbouring layers."""
MOST_LAYERS = 28
_SHARP_RADIUS = 0.15
_HALF_SIZE_RADIUS = 5.0
_OVERSAMPLING = 8


class DefocusedView:
    """A sharp view cut into layers once, to be seen through a lens at any focus.

    `radiance`: H x W x 3 float32, linear; `dioptres`: H x W float32, inverse depth, finite;
    `blur_scale`: disc diameter in pixels per dioptre of defocus (aperture x focal length in
    pixels); `widest_px`: the widest disc that will be asked for.
    """

    def __init__(
        self, radiance: FloatArray, dioptres: FloatArray, blur_scale: float, widest_px: float
    ) -> None:
        self._blur_scale = blur_scale
        self._shape = dioptres.shape
        low, high = float(dioptres.min()), float(dioptres.max())
        count = math.ceil((high - low) * blur_scale / LAYER_STEP_PX)
        count = int(np.clip(count, 1, MOST_LAYERS))
        step = max(high - low, 1e-6) / count
        numbers = np.minimum(((dioptres - low) / step).astype(np.int32), count - 1)
        self._layers: list[tuple[float, slice, slice, FloatArray]] = []
        for number in range(count):
            own = numbers == number
            if own.any():
                layer = _layer(radiance, own, numbers > number, 0.5 * widest_px)
                rows, columns = _bounds(layer[..., 3], math.ceil(0.5 * widest_px) + 2)
                cut = np.ascontiguousarray(layer[rows, columns])
                place = float(dioptres[own].mean())
                self._layers.append((place, rows, columns, cut))

    def at(self, focus_dioptres: float) -> FloatArray:
        """The image focused at inverse distance `focus_dioptres`: H x W x 3 float32, linear."""
        result = np.zeros((*self._shape, 4), np.float32)
        for dioptres, rows, columns, layer in self._layers:
            radius = 0.5 * self._blur_scale * abs(dioptres - focus_dioptres)
            blurred = disc_blur(layer, radius)
            under = result[rows, columns]
            under *= 1.0 - blurred[..., 3:]
            under += blurred
        return np.asarray(result[..., :3] / np.maximum(result[..., 3:], 1e-4), np.float32)


def disc_blur(image: FloatArray, radius: float) -> FloatArray:
    """`image` (H x W x C float32) blurred by a uniform disc of `radius` pixels; the border is
    repeated. Discs over 10 px wide are applied at half size.
    """
    if radius < _SHARP_RADIUS:
        return image
    if radius > _HALF_SIZE_RADIUS and min(image.shape[:2]) >= 8:
        height, width = image.shape[:2]
        half = cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        blurred = disc_blur(np.asarray(half, np.float32), radius * (width // 2) / width)
        grown = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(grown, np.float32)
    kernel = disc_kernel(round(radius * 20) / 20)
    return np.asarray(
        cv2.filter2D(image, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE), np.float32
    )


@lru_cache(maxsize=512)
def disc_kernel(radius: float) -> FloatArray:
    """The share of a disc of `radius` pixels that falls into each pixel: odd square, sum 1."""
    reach = max(0, math.ceil(radius - 0.5))
    side = 2 * reach + 1
    fine = (np.arange(side * _OVERSAMPLING) + 0.5) / _OVERSAMPLING - side / 2
    inside = fine[:, None] ** 2 + fine[None, :] ** 2 <= radius**2
    shares = inside.reshape(side, _OVERSAMPLING, side, _OVERSAMPLING).sum(axis=(1, 3))
    return np.asarray(shares / max(int(shares.sum()), 1), np.float32)


def _layer(
    radiance: FloatArray, own: NDArray[np.bool_], nearer: NDArray[np.bool_], reach_px: float
) -> FloatArray:
    """The pixels of `own`, continued by `reach_px` behind those of `nearer` (H x W both):
    H x W x 4, colour times alpha, and alpha.
    """
    colour, seen = radiance, own
    if nearer.any():
        away, labels = cv2.distanceTransformWithLabels(
            (~own).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
        )
        hidden = nearer & (away <= reach_px + 1.0)
        sources = np.zeros(int(labels.max()) + 1, np.intp)
        sources[labels[own]] = np.flatnonzero(own)
        colour = radiance.copy()
        colour[hidden] = radiance.reshape(-1, 3)[sources[labels[hidden]]]
        seen = own | hidden
    alpha = seen.astype(np.float32)[..., None]
    return np.concatenate([colour * alpha, alpha], axis=2).astype(np.float32)


def _bounds(alpha: FloatArray, margin: int) -> tuple[slice, slice]:
    """Rows and columns where `alpha` is not 0, with a margin."""
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    height, width = alpha.shape
    return (
        slice(max(0, int(rows[0]) - margin), min(height, int(rows[-1]) + margin + 1)),
        slice(max(0, int(columns[0]) - margin), min(width, int(columns[-1]) + margin + 1)),
    )
