"""The default: what is seen to be wrong with an image is undone, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...parameters import Settings, parameter
from ...types import FloatArray
from ..demosaicking import interpolated_along_edges
from ..planes import to_image, to_planes
from ..solution import Degradation, Observed, Restored
from .sharpening import sharpened_plane
from .shrinkage import shrunken, with_jpeg, within_rounding

# Where colours are interpolated anew and brightness changes by a step about a pixel, what is wrong
# with it, in steps; it grows with the fourth root. Chosen on photographs.
_WRONG, _STEP, _AROUND_PX = 3.0, 1 / 255, 5


@dataclass(frozen=True)
class AdaptiveSettings(Settings):
    """Values of `adaptive`."""

    threshold: float = parameter(
        2.7,
        "standard deviations of the noise under which a cosine coefficient is taken for noise",
        limits=(0.0, 10.0),
    )
    sharpen: float = parameter(
        1.0, "share of the blur's width that is undone; 0 leaves blur as it is", limits=(0.0, 1.0)
    )


def sharpened(
    planes: list[FloatArray], seen: Degradation, share: float, noise: float
) -> list[FloatArray]:
    """The planes without the blur that is seen; `noise`: what is left of it in the first."""
    if "blur" not in seen.kinds or share <= 0:
        return planes
    return [sharpened_plane(planes[0], seen.blur_px * share, noise), *planes[1:]]


def adaptive(observed: Observed, settings: AdaptiveSettings) -> Restored:
    """Colours interpolated anew where that was done bilinearly, then JPEG and noise by shrinking
    cosine coefficients, then blur by Wiener's filter for a Gaussian.

    Only what is seen is touched; an image without any of it is handed on as it came.
    """
    seen = observed.seen
    if seen.clean:
        return Restored.as_it_came(observed)
    planes, left = to_planes(observed.image), None
    if seen.red is not None and seen.beyond is not None:
        anew = to_planes(interpolated_along_edges(observed.image, seen.red))
        left = _guessed(anew[0] - planes[0])
        planes, seen = anew, seen.beyond
    if not {"noise", "jpeg"}.isdisjoint(seen.kinds):
        packed, raw = seen.compression, planes[0]
        noise = [with_jpeg(one, packed, n > 0) for n, one in enumerate(seen.noise)]
        planes, shrunk = shrunken(planes, noise, packed.shift, settings.threshold)
        left = shrunk if left is None else np.hypot(left, shrunk)
        if "jpeg" in seen.kinds and "noise" not in seen.kinds:
            planes[0] = within_rounding(planes[0], raw, packed.quality, packed.shift)
    noise_left = seen.noise[0].level if left is None else float(np.mean(left))
    made = sharpened(planes, seen, settings.sharpen, noise_left)
    return Restored(to_image(made, observed.image), left if made is planes else None)


def _guessed(change: FloatArray) -> FloatArray:
    """Standard deviation of what is wrong with colours that were interpolated anew."""
    power = cv2.blur(np.square(change / _STEP), (_AROUND_PX, _AROUND_PX))
    return np.asarray(_WRONG * _STEP * np.maximum(power, 0) ** 0.125, np.float32)
