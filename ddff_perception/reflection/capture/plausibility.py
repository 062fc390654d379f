"""Whether images behind a polarizer can be what their angles say.

Through three angles goes always one curve `(s0 + s1 cos 2φ + s2 sin 2φ) / 2`; through four or more
only if the images belong to their angles. And no light is more polarized than it is bright. Images
that break either rule were given in the wrong order, or show different moments or views.

What cannot be told from the images: any exchange that keeps crossed polarizers crossed (0 with 90,
45 with 135, or both pairs with each other) describes light that is possible, polarized along
another axis. All layouts of a mosaic are such exchanges of one another.
"""

from __future__ import annotations

import numpy as np

from ...types import FloatArray, PolarizedImages

_FULL_RANGE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
_ACROSS = 96
# Less than this share of the full range is noise, or what cameras differ in.
_LEAST_MISFIT = 0.012
_LEAST_RATIO = 0.2
_LEAST_EXCESS = 0.02
_IMPOSSIBLE_SHARE = 0.08
_CLIPPED = 0.98
_LEAST_PIXELS = 16


def complaint(images: PolarizedImages) -> str | None:
    """One sentence about images that contradict their angles, None where they may be right.

    Looks at about 100 x 100 pixels, saturated ones left out; costs well under a millisecond.
    """
    values = _sampled(images)
    if values.shape[1] < _LEAST_PIXELS:
        return None
    double = 2.0 * np.deg2rad(np.asarray(images.angles_deg, np.float64))
    curve = np.stack([np.ones_like(double), np.cos(double), np.sin(double)], axis=1) / 2
    stokes = np.linalg.lstsq(curve, values, rcond=None)[0]
    polarized = np.hypot(stokes[1], stokes[2])
    misfit = float(np.sqrt(np.mean(np.square(values - curve @ stokes))))
    amplitude = float(np.sqrt(np.mean(np.square(polarized)))) / 2
    if misfit > max(_LEAST_MISFIT, _LEAST_RATIO * amplitude):
        return (
            f"the images do not fit their polarizer angles (off by {misfit:.1%} of full range, "
            f"polarized {amplitude:.1%}): check the order of the angles, and that all images "
            "show one moment and one view"
        )
    excess = np.mean(polarized > 1.05 * np.maximum(stokes[0], 0) + _LEAST_EXCESS)
    if excess > _IMPOSSIBLE_SHARE:
        return (
            f"{excess:.0%} of the pixels are more polarized than they are bright: check the order "
            "of the polarizer angles, and that the images are linear (response, black_level)"
        )
    return None


def _sampled(images: PolarizedImages) -> FloatArray:
    """Some pixels of each image, N x P, 0..1 of full range, without those that are clipped."""
    first = images.images[0]
    step = max(1, max(first.shape[:2]) // _ACROSS)
    scale = np.float32(1.0 / _FULL_RANGE[first.dtype.name])
    rows = [np.asarray(image[::step, ::step], np.float32).ravel() for image in images.images]
    values = np.stack(rows) * scale
    return np.asarray(values[:, values.max(axis=0) < _CLIPPED], np.float32)
