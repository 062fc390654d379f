"""How much of a deblurred image's detail was seen rather than guessed."""

from __future__ import annotations

import cv2
import numpy as np

from ..files.images import held_bits
from ..types import FloatArray, ImageArray
from .burst import Deblurred

_DETAIL_PX, _REACH_PX = 1.5, 4.0
# Detail under this, in steps of 8 bits, is noise: what has none was not guessed.
_NOISE = 1.0


def confidence(found: Deblurred) -> FloatArray:
    """H x W float32 in 0..1: detail that some frame shows there, as a share of the result's.

    Detail is the local energy above 1.5 pixels' Gaussian. A frame counts as far as it can be
    trusted to show the same. The method's own where it has one; 1 where nothing was changed.
    """
    if found.confidence is not None:
        return found.confidence
    burst = found.burst
    if found.untouched:
        return np.ones(burst.newest.shape[:2], np.float32)
    seen = np.zeros(burst.newest.shape[:2], np.float32)
    scale = 255.0 / ((1 << (held_bits(burst.images) or 8 * burst.newest.itemsize)) - 1)
    for image, trust in zip(burst.images, burst.trust, strict=True):
        np.maximum(seen, _detail(image, scale) * trust, out=seen)
    made = np.maximum(_detail(found.image, scale), 1e-6)
    return np.asarray(np.minimum(1.0, seen / made), np.float32)


def _detail(image: ImageArray, scale: float) -> FloatArray:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    values = np.multiply(grey, scale, dtype=np.float32)
    fine = values - cv2.GaussianBlur(values, (0, 0), _DETAIL_PX)
    energy = cv2.GaussianBlur(fine * fine, (0, 0), _REACH_PX)
    return np.asarray(np.sqrt(energy) + _NOISE, np.float32)
