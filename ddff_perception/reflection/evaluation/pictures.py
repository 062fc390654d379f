"""Pictures of polarization: numpy and OpenCV only, BGR uint8 out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray

Picture = NDArray[np.uint8]

DEGREE_MAP = cv2.COLORMAP_VIRIDIS
_PERCENTILE = 99.0
# Of an unpolarized scene the noise is not to fill the scale.
_LEAST_SPAN = 0.1


def degree_span(degree: FloatArray) -> float:
    """Degree of polarization at the bright end of the pictures: that of 99 % of the pixels,
    at least 0.1.
    """
    return max(float(np.percentile(degree, _PERCENTILE)), _LEAST_SPAN)


def colorize_degree(degree: FloatArray, span: float | None = None) -> Picture:
    """Degree of polarization, 0 dark violet to `span` yellow (None: `degree_span`).

    `degree`: H x W, 0..1. Returns H x W x 3.
    """
    return np.asarray(cv2.applyColorMap(_levels(degree, span), DEGREE_MAP), dtype=np.uint8)


def colorize_angle(angle_deg: FloatArray, degree: FloatArray, span: float | None = None) -> Picture:
    """Angle of polarization as hue, degree as brightness: dark is not polarized.

    The hue goes around once in 180 degrees: 0 is red, 60 green, 120 blue. `angle_deg`, `degree`:
    H x W; `span` as in `colorize_degree`. Returns H x W x 3.
    """
    # OpenCV's hue of 8 bits counts 0..179.
    hue = (np.rint(np.mod(angle_deg, 180.0)).astype(np.int32) % 180).astype(np.uint8)
    colours = cv2.merge([hue, np.full_like(hue, 255), _levels(degree, span)])
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_HSV2BGR), dtype=np.uint8)


def _levels(degree: FloatArray, span: float | None) -> NDArray[np.uint8]:
    scaled = degree * np.float32(255.0 / (degree_span(degree) if span is None else span))
    return np.asarray(np.rint(np.clip(scaled, 0, 255)), dtype=np.uint8)
