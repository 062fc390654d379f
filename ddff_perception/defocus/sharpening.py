"""The image with its defocus undone: deconvolved by discs of a few sizes, each where it fits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np

from ..optics.defocus import disc_kernel
from ..optics.fourier_plan import FourierPlan
from ..parameters import Settings, parameter
from ..types import FloatArray, ImageArray
from .solution import grey

# Diameters in px between which is interpolated; up to the first the image stays as it is.
_DISCS = (1.2, 2.0, 3.0, 4.2, 5.6, 7.5, 10.0, 13.0, 17.0, 22.0)
_MARGIN = 24
# Discs that differ by less than this share count as of one layer.
_LIKENESS = 0.35
# Bright and dark lines along edges that the image's own neighbourhood does not have are ringing.
_REACH_PX = 5


@dataclass(frozen=True)
class SharpeningSettings(Settings):
    """What becomes of the image's blur."""

    noise: float = parameter(
        0.003, "power of the noise as a share of the image's", limits=(1e-6, 10.0)
    )
    smoothness: float = parameter(
        0.03, "weight against slopes that are not in the image", limits=(0.0, 10.0)
    )
    caution: float = parameter(
        0.3,
        "how many times its spread a disc counts as smaller: blur that may be none is left",
        limits=(0.0, 10.0),
    )
    halo: float = parameter(
        0.5, "how far the result may go beyond the image's own range around", limits=(0.0, 10.0)
    )


def sharpened(
    image: ImageArray, defocus: FloatArray, settings: SharpeningSettings | None = None
) -> ImageArray:
    """`image` (H x W x 3 BGR or H x W) without the blur of `defocus` (H x W, px, either sign), in
    its type.

    Wiener's filter with a penalty on slopes for each disc, on the brightness alone: colours are too
    coarse for the eye to miss it. Each disc's filter sees what is blurred about as much, continued
    over the rest. Discs up to 1.2 px are left as they are.
    """
    settings = settings or SharpeningSettings()
    size = np.abs(np.nan_to_num(defocus, nan=0.0))
    if float(size.max(initial=0.0)) <= _DISCS[0]:
        return image.copy()
    plane = grey(image)
    change = _sharp_plane(plane, size, settings) - plane
    top = np.iinfo(image.dtype).max
    change *= top
    values = image + (change if image.ndim == 2 else change[..., None])
    return np.clip(np.rint(values), 0, top).astype(image.dtype)  # type: ignore[return-value]


def _sharp_plane(plane: FloatArray, size: FloatArray, settings: SharpeningSettings) -> FloatArray:
    height, width = plane.shape
    plan = FourierPlan((height, width), _MARGIN)
    result, lower = plane.copy(), plane
    for one, two in pairwise(_DISCS):
        within = (size > one) if two == _DISCS[-1] else (size > one) & (size <= two)
        # What comes after needs this one as its lower end.
        needed = within.any() or bool(((size > two) & (size <= _next(two))).any())
        if not needed:
            continue
        alike = _alike(size, two)
        seen = _filled(plane, alike, two)
        upper = plan.back(plan.forth(seen) * _filter(height, width, two, settings))
        upper = plane + alike * (upper - seen)
        if within.any():
            share = np.clip((size - one) / (two - one), 0.0, 1.0)
            blended = lower + share * (upper - lower)
            np.copyto(result, blended, where=within)
        lower = upper
    return _without_halo(result, plane, size, settings.halo)


def _alike(size: FloatArray, disc: float) -> FloatArray:
    """How much pixels are of the layer that is blurred by `disc`, 0..1."""
    away = (size - disc) / (_LIKENESS * disc + 0.5)
    return np.asarray(np.clip(1.25 * np.exp(-0.5 * np.square(away)) - 0.15, 0.0, 1.0), np.float32)


def _filled(plane: FloatArray, alike: FloatArray, disc: float) -> FloatArray:
    """`plane` with what is not of a layer replaced by the layer around: an edge of something
    sharper would ring in a filter for `disc`.
    """
    near, far = ((2 * round(reach * disc) + 1,) * 2 for reach in (1.0, 4.0))
    own = alike * plane
    weight = cv2.blur(alike, near)
    around = cv2.blur(own, near) / np.maximum(weight, 1e-4)
    beyond = (cv2.blur(own, far) + 1e-4 * plane) / (cv2.blur(alike, far) + 1e-4)
    fill = beyond + np.clip(8.0 * weight, 0.0, 1.0) * (around - beyond)
    return np.asarray(fill + alike * (plane - fill), np.float32)


def _next(disc: float) -> float:
    later = [d for d in _DISCS if d > disc]
    return later[0] if later else np.inf


@lru_cache(maxsize=2 * len(_DISCS))
def _filter(height: int, width: int, disc: float, settings: SharpeningSettings) -> FloatArray:
    # Of a disc, which looks the same from all sides, the transform is real.
    transfer = FourierPlan((height, width), _MARGIN).transform_of(disc_kernel(disc / 2)).real
    power = transfer * transfer
    power += settings.smoothness * _roughness(height, width)
    power += settings.noise
    return np.asarray(transfer / power, np.float32)


@lru_cache(maxsize=2)
def _roughness(height: int, width: int) -> FloatArray:
    """Power of an image's slopes along x and y."""
    plan = FourierPlan((height, width), _MARGIN)
    slopes = [np.array([[0, -1, 1]], np.float32), np.array([[0], [-1], [1]], np.float32)]
    powers = [np.square(np.abs(plan.transform_of(slope))) for slope in slopes]
    return np.asarray(powers[0] + powers[1], np.float32)


def _without_halo(
    result: FloatArray, plane: FloatArray, size: FloatArray, halo: float
) -> FloatArray:
    """The result held near the range of the image about each pixel."""
    window = np.ones((2 * _REACH_PX + 1,) * 2, np.uint8)
    high, low = cv2.dilate(plane, window), cv2.erode(plane, window)
    room = halo * (high - low)
    return np.asarray(np.clip(result, low - room, high + room), np.float32)
