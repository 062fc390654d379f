"""Histogram matching: a layer gets the distribution of values of another image."""

from __future__ import annotations

import numpy as np

from ..types import FloatArray


def with_histogram_of(image: FloatArray, reference: FloatArray) -> FloatArray:
    """`image` with the values of `reference`, channel by channel, in the order of its own.

    Non-parametric: each value becomes the one of the same rank. Both H x W or H x W x 3 of one
    size. P. Wieschollek, "Multi-frame, data-driven image and video methods", appendix A, proposes
    it against colours that a network washes out.
    """
    matched = np.empty_like(image)
    channels = 1 if image.ndim == 2 else image.shape[2]
    flat, wanted = image.reshape(-1, channels), reference.reshape(-1, channels)
    result = matched.reshape(-1, channels)
    for channel in range(channels):
        result[np.argsort(flat[:, channel], kind="stable"), channel] = np.sort(wanted[:, channel])
    return matched
