"""How blurred the sharpest edges of a plane are."""

from __future__ import annotations

import cv2
import numpy as np

from ...types import FloatArray

# Standard deviations of the blurs whose gradients are compared.
_FINE, _COARSE = 1.0, 2.0
_STRONGEST, _LEAST_EDGES = 0.02, 40
# Quantiles of the edges' blurs. Things at many distances, and soft shading, have a wide spread: the
# image is blurred only where its sharpest edges are, and nearly as much as the others.
_QUANTILES = (0.1, 0.25, 0.5)
_SHARPEST_PX, _MOST_SPREAD = 0.7, 1.9
# How much too low the second of them is, on the mean.
_TOO_LOW = 1.1
_WIDE_PX = 2.2
# Over how many times the noise of a gradient an edge stands.
_OVER_NOISE = 6.0
_GAIN = 0.28


def edge_blur_px(bright: FloatArray, noise: float) -> float:
    """Standard deviation of the Gaussian that blurs the sharpest edges, in pixels; NaN where there
    are no edges, or they are too unlike. `bright`: H x W in 0..1, with white noise of standard
    deviation `noise`.

    From the ratio of the gradients of two re-blurs, at edges: Zhuo and Sim, "Defocus map estimation
    from a single image", Pattern Recognition 44 (2011), sec. 3. Of a step that is blurred by s the
    gradient after another blur a is as 1 / sqrt(s² + a²). Wide blurs are measured at half size.
    """
    scale, found = 1.0, float("nan")
    plane = bright
    while min(plane.shape) >= 48:
        sharpest, usual, middle = _blurs(plane, noise)
        if np.isnan(sharpest):
            return found
        if sharpest < _SHARPEST_PX / scale:
            return 0.0
        alike = middle <= _MOST_SPREAD * sharpest
        found = usual * _TOO_LOW * scale if alike else float("nan")
        if usual < _WIDE_PX or not alike:
            return found
        plane = np.asarray(cv2.pyrDown(plane), np.float32)
        scale, noise = 2 * scale, noise * _GAIN
    return found


def _blurs(plane: FloatArray, noise: float) -> tuple[float, float, float]:
    fine, coarse = (_gradient(plane, sigma) for sigma in (_FINE, _COARSE))
    least = max(_OVER_NOISE * noise * _GAIN, 4 / 255)
    peak = fine >= np.maximum(cv2.dilate(fine, np.ones((3, 3), np.uint8)) * 0.98, least)
    peak[[0, 1, 2, -3, -2, -1]] = False
    peak[:, [0, 1, 2, -3, -2, -1]] = False
    strengths = fine[peak]
    if len(strengths) < _LEAST_EDGES:
        return (float("nan"),) * 3
    count = max(_LEAST_EDGES, round(_STRONGEST * plane.size))
    if len(strengths) > count:
        peak &= fine >= np.partition(strengths, -count)[-count]
    ratio = np.square(fine[peak] / np.maximum(coarse[peak], 1e-6))
    ratio = np.clip(ratio, 1.0 + 1e-3, None)
    squares = (_COARSE**2 - ratio * _FINE**2) / (ratio - 1)
    first, second, third = np.sqrt(np.maximum(np.quantile(squares, _QUANTILES), 0.0)).tolist()
    return first, second, third


def _gradient(plane: FloatArray, sigma: float) -> FloatArray:
    smooth = cv2.GaussianBlur(plane, (0, 0), sigma)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125)
    return np.asarray(cv2.magnitude(across, down), np.float32)
