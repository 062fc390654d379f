"""How sure a restored pixel is."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.special import erf

from ..types import FloatArray, ImageArray
from .planes import to_planes
from .solution import Observed, Restored

# Where a pixel counts as right: within so many 8-bit steps of the truth.
_RIGHT = 8.0 / 255
_WINDOW = 5
# Of the finest detail of an image that was enlarged by s, what is wrong with it as a share of it:
# the first of these and s times the second. Chosen on photographs that were made small.
_GUESSED_LARGE = (0.35, 0.15)
# Of the detail of a blurred image that is finer than its blur, the share that is guessed wrongly.
_GUESSED = 0.5


def confidence(found: Restored) -> FloatArray:
    """H x W float32 in 0..1: the probability that brightness is within 8 of 255 steps of the truth,
    by the noise that is left and the detail that was guessed.
    """
    assert found.error is not None
    spread = np.maximum(found.error, 1e-6) * np.float32(np.sqrt(2))
    return np.asarray(erf(np.float32(_RIGHT) / spread), np.float32)


def error_left(observed: Observed, found: Restored, strength: float = 1.0) -> FloatArray:
    """H x W float32: standard deviation of what is wrong with brightness after `strength` of the
    change, in 0..1 of full range.
    """
    seen = observed.seen
    bright = to_planes(found.image)[0]
    if found.untouched or strength <= 0:
        return _of_noise(observed, bright)
    left = found.error
    if left is None:
        left = _kept_noise(observed, bright)
        if "blur" in seen.kinds:
            fine = bright - cv2.GaussianBlur(bright, (0, 0), seen.blur_px)
            left = np.hypot(left, _GUESSED * np.abs(fine))
    if strength < 1:
        left = strength * left + (1 - strength) * _of_noise(observed, bright)
    return np.asarray(left, np.float32)


def error_enlarged(left: FloatArray, large: ImageArray, scale: int) -> FloatArray:
    """`left`, of the small image, for the one enlarged by `scale`, whose finest detail is guessed;
    the size of `large`.
    """
    bright = to_planes(large)[0]
    fine = np.square(bright - cv2.GaussianBlur(bright, (0, 0), scale))
    share = _GUESSED_LARGE[0] + _GUESSED_LARGE[1] * scale
    power = cv2.GaussianBlur(fine, (0, 0), scale) * np.float32(share**2)
    wide = cv2.resize(left, bright.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.sqrt(power + np.square(wide)), np.float32)


def _of_noise(observed: Observed, bright: FloatArray) -> FloatArray:
    noise = observed.seen.noise[0]
    return noise.stronger(bright) * np.float32(noise.level)


def _kept_noise(observed: Observed, bright: FloatArray) -> FloatArray:
    """What a filter leaves of the noise: where the image varies, it cannot tell it from detail."""
    noise = np.square(_of_noise(observed, bright))
    size = (_WINDOW, _WINDOW)
    variance = cv2.blur(np.square(bright), size) - np.square(cv2.blur(bright, size))
    variance = np.maximum(variance, 0)
    return np.sqrt(noise * variance / np.maximum(variance + noise, 1e-12))
