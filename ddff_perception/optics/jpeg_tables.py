"""The steps by which JPEG rounds cosine coefficients: ITU T.81, annex K, at any quality."""

from __future__ import annotations

import numpy as np

from ..types import FloatArray

_LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMINANCE = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, *[99] * 32,
)  # fmt: skip


def rounding_steps(quality: float, colour: bool = False) -> FloatArray:
    """8 x 8 float32 in 8-bit steps, of brightness or of a `colour` difference; `quality` 1..100 as
    libjpeg counts it.
    """
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    table = np.array(_CHROMINANCE if colour else _LUMINANCE).reshape(8, 8)
    return np.clip(np.floor((table * scale + 50) / 100), 1, 255).astype(np.float32)
