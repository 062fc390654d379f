"""The sRGB transfer curve (IEC 61966-2-1) and its inverse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def srgb_encode(linear: Floats) -> Floats:
    """Linear light 0..1 as sRGB values 0..1, in the dtype of `linear`."""
    low = 12.92 * linear
    high = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, low, high)


def srgb_bytes(linear: Floats) -> NDArray[np.uint8]:
    """Linear light as sRGB values 0..255; what is outside 0..1 is clipped."""
    values = np.rint(srgb_encode(np.clip(linear, 0.0, 1.0)) * 255.0)
    return np.asarray(values, np.uint8)


def srgb_decode(encoded: Floats) -> Floats:
    """Inverse of `srgb_encode`."""
    low = encoded / 12.92
    high = ((np.maximum(encoded, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, low, high)
