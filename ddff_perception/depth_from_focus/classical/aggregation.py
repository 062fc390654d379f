"""Gather a focus measure over a neighbourhood: box, Gaussian, or guided by the image.

All three are means (not sums), so a measure keeps its unit whatever the window.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...parameters import Settings, parameter
from ...types import FloatArray, InputError


@dataclass(frozen=True)
class AggregationSettings(Settings):
    """How a focus measure is gathered over a neighbourhood."""

    aggregation: str = parameter(
        "box",
        "How the focus measure is gathered over a neighbourhood",
        choices=("box", "gaussian", "guided"),
    )
    radius: int = parameter(
        4, "The window reaches this far from its centre; its side is 2 x radius + 1", "px", (0, 64)
    )
    guided_epsilon: float = parameter(
        50.0,
        "Guided aggregation: variance of the guide below which a window counts as flat",
        "grey levels²",
        (1e-3, 1e5),
    )


class GuidedFilter:
    """Edge-preserving smoothing that follows a grey guide image.

    He, Sun and Tang, 'Guided image filtering', ECCV 2010, algorithm 1, from box means. What
    depends on the guide alone is computed once; `subsample` > 1 computes the coefficients at a
    lower resolution (He and Sun, 'Fast guided filter', 2015).
    """

    def __init__(
        self, guide: FloatArray, radius: int, epsilon: float = 50.0, subsample: int = 1
    ) -> None:
        """`guide`: H x W float32; `radius` in pixels of it; `epsilon` in its unit squared."""
        self._guide = guide
        self._shape = guide.shape
        height, width = guide.shape
        self._size = (max(1, width // subsample), max(1, height // subsample))
        self._radius = max(1, radius // subsample) if radius else 0
        # The filter commutes with a shift of the guide; a guide near zero loses fewer digits.
        self._offset = np.float32(guide.mean())
        self._small = self._shrink(guide - self._offset)
        self._mean = self._box(self._small)
        variance = self._box(np.square(self._small)) - np.square(self._mean)
        self._inverse = 1.0 / (np.maximum(variance, np.float32(0)) + np.float32(epsilon))

    def filter(self, values: FloatArray) -> FloatArray:
        """`values` (H x W float32, any unit) smoothed within the edges of the guide."""
        if values.shape != self._shape:
            raise InputError(f"values {values.shape} and guide {self._shape} must have one size")
        small = self._shrink(values)
        mean = self._box(small)
        slope = (self._box(self._small * small) - self._mean * mean) * self._inverse
        shift = self._box(mean - slope * self._mean)
        slope = self._box(slope)
        return self._grow(slope) * (self._guide - self._offset) + self._grow(shift)

    def _box(self, values: FloatArray) -> FloatArray:
        return _box(values, self._radius)

    def _shrink(self, values: FloatArray) -> FloatArray:
        if self._size == (self._shape[1], self._shape[0]):
            return values
        return _float32(cv2.resize(values, self._size, interpolation=cv2.INTER_AREA))

    def _grow(self, values: FloatArray) -> FloatArray:
        full = (self._shape[1], self._shape[0])
        if self._size == full:
            return values
        return _float32(cv2.resize(values, full, interpolation=cv2.INTER_LINEAR))


def aggregate(
    measure: FloatArray,
    guide: FloatArray | None = None,
    kind: str = "box",
    radius: int = 4,
    epsilon: float = 50.0,
) -> FloatArray:
    """Mean of `measure` (H x W float32) over a window of side 2 x `radius` + 1 pixels.

    `kind`: 'box'; 'gaussian' with standard deviation radius / 2; 'guided' by the grey image
    `guide` (float32, 0..255) with `epsilon` in grey levels², not negative. Raises InputError on
    an unknown kind, and where a guide is missing or of another size.
    """
    if kind == "box":
        return _box(measure, radius)
    if kind == "gaussian":
        if radius == 0:
            return measure.copy()
        size, border = (2 * radius + 1, 2 * radius + 1), cv2.BORDER_REPLICATE
        return _float32(cv2.GaussianBlur(measure, size, radius / 2.0, borderType=border))
    if kind == "guided":
        if guide is None:
            raise InputError("guided aggregation needs a guide image")
        smooth = GuidedFilter(guide, radius, epsilon).filter(measure)
        return np.maximum(smooth, np.float32(0))
    raise InputError(f"there is no aggregation {kind!r}; there are: box, gaussian, guided")


def _box(values: FloatArray, radius: int) -> FloatArray:
    size = (2 * radius + 1, 2 * radius + 1)
    return _float32(cv2.boxFilter(values, cv2.CV_32F, size, borderType=cv2.BORDER_REPLICATE))


def _float32(array: object) -> FloatArray:
    return np.asarray(array, dtype=np.float32)
