"""Deconvolution of an image by a known kernel: Wiener's filter, Richardson-Lucy with TV."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from ..types import FloatArray, ImageArray
from .fourier_plan import FourierPlan


class ImagePlan(FourierPlan):
    """One image and one kernel in the Fourier domain.

    `planes`: the channels in 0..1. `transfer`: the kernel's transform.
    """

    def __init__(self, image: ImageArray, kernel: FloatArray) -> None:
        super().__init__((image.shape[0], image.shape[1]), 2 * max(kernel.shape))
        self._like = image
        values = np.multiply(image, 1.0 / np.iinfo(image.dtype).max, dtype=np.float32)
        split = [values] if image.ndim == 2 else cv2.split(values)
        self.planes: list[FloatArray] = [np.asarray(plane, np.float32) for plane in split]
        self.transfer = self.transform_of(kernel)

    def image(self, planes: list[FloatArray]) -> ImageArray:
        """The planes as an image of the input's type."""
        values = planes[0] if self._like.ndim == 2 else cv2.merge(planes)
        top = np.iinfo(self._like.dtype).max
        return cast(ImageArray, (values * top).round().clip(0, top).astype(self._like.dtype))

    def wiener(self, plane: FloatArray, noise: float) -> FloatArray:
        """The plane by Wiener's filter, `noise` as a share of the signal's power."""
        power = np.square(np.abs(self.transfer)) + np.float32(noise)
        return self.back(np.conj(self.transfer) * self.forth(plane) / power)


def wiener(image: ImageArray, kernel: FloatArray, noise: float) -> ImageArray:
    """`image`, H x W or H x W x 3, by Wiener's filter: conj(K) Y / (|K|² + noise).

    Wiener, "Extrapolation, interpolation and smoothing of stationary time series", 1949; in a
    camera's encoded values, as everyone has it. A wrong kernel or noise gives ringing.
    """
    plan = ImagePlan(image, kernel)
    return plan.image([plan.wiener(plane, noise) for plane in plan.planes])


def richardson_lucy(
    image: ImageArray, kernel: FloatArray, iterations: int, total_variation: float
) -> ImageArray:
    """`image`, H x W or H x W x 3, by Richardson-Lucy steps with a weight of total variation.

    Richardson 1972, Lucy 1974; Dey et al., "Richardson-Lucy algorithm with total variation
    regularization for 3D confocal microscope deconvolution", Microsc. Res. Tech. 69 (2006).
    """
    plan = ImagePlan(image, kernel)
    found = []
    for plane in plan.planes:
        wide = np.maximum(plan.padded(plane), 1e-4)
        estimate = wide.copy()
        for _ in range(iterations):
            seen = np.maximum(plan.filtered(estimate, plan.transfer), 1e-4)
            factor = plan.filtered(np.asarray(wide / seen, np.float32), np.conj(plan.transfer))
            if total_variation:
                factor /= np.maximum(1.0 - total_variation * _curvature(estimate), 0.1)
            estimate = np.maximum(estimate * factor, 1e-4)
        found.append(plan.cropped(estimate))
    return plan.image(found)


def _curvature(values: FloatArray) -> FloatArray:
    """Divergence of the unit gradient."""
    dx, dy = np.roll(values, -1, 1) - values, np.roll(values, -1, 0) - values
    length = np.sqrt(dx * dx + dy * dy + np.float32(1e-6))
    dx, dy = dx / length, dy / length
    return np.asarray(dx - np.roll(dx, 1, 1) + dy - np.roll(dy, 1, 0), np.float32)
