"""What a network is told of the lens, at run time and in training alike."""

from __future__ import annotations

import math

import numpy as np

from ...types import FloatArray

LENS_VALUES = 5


def lens_vector(blur_scale: float, focus_dioptres: float) -> FloatArray:
    """(5,): blur per dioptre (px of the network's image), inverse focus distance (1/m), the disc of
    what lies at infinity (px, the largest that anything behind the plane in focus can have), and
    whether scale and focus are known; NaN is unknown and becomes 0.
    """
    scaled, focused = math.isfinite(blur_scale), math.isfinite(focus_dioptres)
    scale = math.log1p(max(blur_scale, 0.0)) if scaled else 0.0
    focus = math.log1p(max(focus_dioptres, 0.0)) if focused else 0.0
    farthest = math.log1p(blur_scale * focus_dioptres) if scaled and focused else 0.0
    return np.array([scale, focus, farthest, scaled, focused], np.float32)
