"""Planes of one size in the Fourier domain, for convolution and its undoing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ..types import FloatArray

Spectrum = NDArray[np.complex64]


class FourierPlan:
    """Planes of `shape` (H, W), with `margin` pixels around in which the mirrored border fades, so
    that opposite sides go over into each other.
    """

    def __init__(self, shape: tuple[int, int], margin: int) -> None:
        self._shape, self._margin = shape, margin
        self._size = tuple(fft.next_fast_len(n + 2 * margin, True) for n in shape)

    def transform_of(self, kernel: FloatArray) -> Spectrum:
        """The transform of a kernel of odd sides, its middle at the origin."""
        wide = np.zeros(self._size, np.float32)
        rows, columns = kernel.shape
        wide[:rows, :columns] = kernel
        wide = np.roll(wide, (-(rows // 2), -(columns // 2)), (0, 1))
        return np.asarray(fft.rfft2(wide), np.complex64)

    def padded(self, plane: FloatArray) -> FloatArray:
        """The plane with margins that go over into each other."""
        height, width = plane.shape
        top = left = self._margin
        below, right = self._size[0] - height - top, self._size[1] - width - left
        border = cv2.BORDER_REFLECT_101 if self._margin < min(plane.shape) else cv2.BORDER_REPLICATE
        wide = cv2.copyMakeBorder(plane, top, below, left, right, border)
        mask = np.outer(_fade(height, top, below), _fade(width, left, right))
        soft = cv2.GaussianBlur(
            cv2.copyMakeBorder(wide, top, top, left, left, cv2.BORDER_WRAP), (0, 0), top / 4
        )[top:-top, left:-left]
        return np.asarray(soft + mask * (wide - soft), np.float32)

    def forth(self, plane: FloatArray) -> Spectrum:
        """The transform of a plane."""
        return np.asarray(fft.rfft2(self.padded(plane)), np.complex64)

    def back(self, spectrum: Spectrum) -> FloatArray:
        """The plane of a transform."""
        return self.cropped(np.asarray(fft.irfft2(spectrum, s=self._size), np.float32))

    def filtered(self, wide: FloatArray, transfer: Spectrum) -> FloatArray:
        """A padded plane filtered."""
        return np.asarray(fft.irfft2(fft.rfft2(wide) * transfer, s=self._size), np.float32)

    def cropped(self, wide: FloatArray) -> FloatArray:
        """Without the margins."""
        height, width = self._shape
        m = self._margin
        return wide[m : m + height, m : m + width]


def _fade(inside: int, before: int, after: int) -> FloatArray:
    """1 inside, falling to 0 over the margins."""
    rise = (np.arange(before) + 0.5) / before
    fall = (np.arange(after)[::-1] + 0.5) / after
    return np.concatenate([rise, np.ones(inside), fall]).astype(np.float32)
