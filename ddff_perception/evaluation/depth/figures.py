"""Pictures of depth, error and confidence: numpy and OpenCV only, BGR uint8 out."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ...types import FloatArray
from ..reports.colours import Picture, _paint
from .maps import check_same_size, convert, known

DEPTH_MAP = cv2.COLORMAP_TURBO
ERROR_MAP = cv2.COLORMAP_MAGMA

_RANGE_PERCENTILES = (1.0, 99.0)


def depth_range(depth: FloatArray) -> tuple[float, float]:
    """Near and far in metres between which 98 % of the known pixels lie; far may be +inf.

    (1, 1) where nothing is known.
    """
    dioptres = convert(depth[known(depth)], "dioptres")
    if not dioptres.size:
        return 1.0, 1.0
    low, high = np.percentile(dioptres, _RANGE_PERCENTILES)
    return (1.0 / high if high > 0 else math.inf), (1.0 / low if low > 0 else math.inf)


def colorize_depth(
    depth: FloatArray,
    near: float | None = None,
    far: float | None = None,
    *,
    relative: bool = False,
) -> Picture:
    """Depth as colour, linear in dioptres: red is near, blue is far, grey is unknown.

    `depth`: H x W metres, NaN or not positive unknown, +inf allowed. `near` and `far` (metres) are
    the ends of the scale, beyond which colours stay; None takes `depth_range`. With `relative` the
    map is a position 0..1 that is linear from blue (0) to red (1), and 0 is known. Returns
    H x W x 3 BGR uint8.
    """
    if relative:
        return _paint(depth, np.isfinite(depth), DEPTH_MAP)
    mask = known(depth)
    ends = depth_range(depth) if near is None or far is None else (near, far)
    high = 1.0 / (ends[0] if near is None else near)
    low = 1.0 / (ends[1] if far is None else far)
    level = np.zeros(depth.shape, dtype=np.float32)
    np.divide(1.0, depth, out=level, where=mask)
    span = high - low if high > low else 1.0
    return _paint((level - np.float32(low)) / np.float32(span), mask, DEPTH_MAP)


def dioptre_error(estimate: FloatArray, truth: FloatArray) -> FloatArray:
    """Absolute error in dioptres, H x W; NaN where estimate or truth are unknown.

    Raises InputError where the sizes differ.
    """
    check_same_size(estimate, truth)
    mask = known(estimate) & known(truth)
    error = np.full(truth.shape, np.nan, dtype=np.float32)
    error[mask] = np.abs(convert(estimate[mask], "dioptres") - convert(truth[mask], "dioptres"))
    return error


def colorize_error(estimate: FloatArray, truth: FloatArray, span: float) -> Picture:
    """Absolute error in dioptres, 0 (black) to `span` and more (pale yellow), unknown grey."""
    error = dioptre_error(estimate, truth)
    return _paint(error / np.float32(span), np.isfinite(error), ERROR_MAP)


def depth_ticks(near: float, far: float, most: int = 6) -> list[tuple[float, float]]:
    """Marks of a dioptre-linear scale: (position, metres), position 0 at `far` to 1 at `near`.

    The metres are round numbers, about equally spaced in dioptres.
    """
    low, high = 1.0 / far, 1.0 / near
    if not high > low:
        return [(0.5, near)]
    marks: list[tuple[float, float]] = []
    least_gap = 0.8 / most
    for dioptres in np.linspace(low, high, most):
        metres = math.inf if dioptres < 1e-6 else _round_metres(1.0 / dioptres)
        position = (1.0 / metres - low) / (high - low)
        apart = not marks or position - marks[-1][0] >= least_gap
        if -1e-6 <= position <= 1 + 1e-6 and apart:
            marks.append((min(max(position, 0.0), 1.0), metres))
    return marks


def _round_metres(metres: float) -> float:
    """`metres` to the two digits nearest, 1.5 and up to a half: 0.33, 1.2, 2.5, 7."""
    magnitude = 10.0 ** math.floor(math.log10(metres))
    digits = metres / magnitude
    step = 0.1 if digits < 2 else 0.5 if digits < 5 else 1.0
    return round(round(digits / step) * step * magnitude, 12)
