"""The default: what is seen to be wrong with an image is undone, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...parameters import Settings, parameter
from ...types import FloatArray
from ..planes import to_image, to_planes
from ..solution import Degradation, Observed, Restored
from .sharpening import sharpened_plane
from .shrinkage import shrunken, with_jpeg, within_rounding


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
    """JPEG and noise by shrinking cosine coefficients, then blur by Wiener's filter for a Gaussian.

    Only what is seen is touched; an image without noise, JPEG or blur is handed on as it came.
    """
    seen = observed.seen
    if seen.clean:
        return Restored.as_it_came(observed)
    planes = to_planes(observed.image)
    left: FloatArray | None = None
    if not {"noise", "jpeg"}.isdisjoint(seen.kinds):
        packed, raw = seen.compression, planes[0]
        noise = [with_jpeg(one, packed, n > 0) for n, one in enumerate(seen.noise)]
        planes, left = shrunken(planes, noise, packed.shift, settings.threshold)
        if "jpeg" in seen.kinds and "noise" not in seen.kinds:
            planes[0] = within_rounding(planes[0], raw, packed.quality, packed.shift)
    noise_left = seen.noise[0].level if left is None else float(np.mean(left))
    made = sharpened(planes, seen, settings.sharpen, noise_left)
    return Restored(to_image(made, observed.image), left if made is planes else None)
