"""A Gaussian blur undone in brightness by Wiener's filter with a penalty on slopes."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from ...optics.blur_kernels import gaussian_kernel
from ...optics.fourier_plan import FourierPlan, Spectrum
from ...types import FloatArray

# Power of an image against that of its noise: of the former's contrast, and what 8 bits leave.
_CONTRAST, _LEAST_NOISE = 0.2, 0.4 / 255
_SLOPES = 0.15
# How far beyond the range of its surroundings a pixel may go, as a share of that range.
_ROOM, _REACH_SIGMAS = 0.25, 1.5


def sharpened_plane(plane: FloatArray, sigma_px: float, noise: float) -> FloatArray:
    """`plane`, H x W in 0..1, without the blur of a Gaussian; `noise`: its standard deviation.

    Wiener's filter where the noise counts more the higher the frequency, as images have less there
    (power as 1 / f², Field 1987). Held near the range about each pixel: no halos.
    """
    height, width = plane.shape
    # In steps, so that filters are found again.
    sigma_px = round(sigma_px, 1)
    ratio = float(f"{(max(noise, _LEAST_NOISE) / _CONTRAST) ** 2:.1g}")
    plan = FourierPlan((height, width), _margin(sigma_px))
    found = plan.back(plan.forth(plane) * _filter(height, width, sigma_px, ratio))
    reach = 2 * max(1, round(_REACH_SIGMAS * sigma_px)) + 1
    window = np.ones((reach, reach), np.uint8)
    high, low = cv2.dilate(plane, window), cv2.erode(plane, window)
    room = _ROOM * (high - low)
    return np.asarray(np.clip(found, low - room, high + room), np.float32)


def _margin(sigma_px: float) -> int:
    return max(16, round(4 * sigma_px))


@lru_cache(maxsize=8)
def _filter(height: int, width: int, sigma_px: float, ratio: float) -> Spectrum:
    plan = FourierPlan((height, width), _margin(sigma_px))
    transfer = plan.transform_of(gaussian_kernel(sigma_px))
    slopes = [np.array([[0, -1, 1]], np.float32), np.array([[0], [-1], [1]], np.float32)]
    rough = sum(np.square(np.abs(plan.transform_of(slope))) for slope in slopes)
    power = np.square(np.abs(transfer)) + ratio * (1 + rough / _SLOPES**2)
    return np.asarray(np.conj(transfer) / power, np.complex64)
