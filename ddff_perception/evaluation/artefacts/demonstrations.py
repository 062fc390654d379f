"""The artefacts by themselves, as appendix A of the thesis shows them: no network needed."""

from __future__ import annotations

import numpy as np

from ...types import FloatArray


def overlap(kernel: int, size: int = 16, layers: int = 2) -> FloatArray:
    """What `layers` transposed convolutions of stride 2 with weights of 1 make of a constant 1:
    even with a kernel of 4 inside of the border, a checkerboard with one of 3.
    """
    values = np.ones((size, size), np.float32)
    for _ in range(layers):
        wide = np.zeros((2 * values.shape[0] + kernel, 2 * values.shape[1] + kernel), np.float32)
        for row in range(kernel):
            for column in range(kernel):
                ends = row + 2 * values.shape[0], column + 2 * values.shape[1]
                wide[row : ends[0] : 2, column : ends[1] : 2] += values
        start = kernel // 2
        values = wide[start : start + 2 * values.shape[0], start : start + 2 * values.shape[1]]
    return np.asarray(values, np.float32)


def without_high_frequencies(image: FloatArray, radius: float) -> FloatArray:
    """The image (H x W or H x W x C) without what lies beyond `radius` cycles per pixel: it rings.

    The thesis prints the mask with a radius of 1; it is a circle of radius r.
    """
    fy, fx = np.fft.fftfreq(image.shape[0])[:, None], np.fft.fftfreq(image.shape[1])[None]
    mask = np.hypot(fx, fy) <= radius
    if image.ndim == 3:
        mask = mask[..., None]
    return np.asarray(
        np.fft.ifft2(np.fft.fft2(image, axes=(0, 1)) * mask, axes=(0, 1)).real, np.float32
    )


def faded(image: FloatArray, share: float) -> FloatArray:
    """Colours moved towards the image's mean by `share`, as a network early in its training."""
    mean = image.mean(axis=(0, 1), keepdims=True)
    return np.asarray(image + share * (mean - image), np.float32)
