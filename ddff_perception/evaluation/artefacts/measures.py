"""How much of the artefacts of convolutional networks an image has, against what it should be.

Wieschollek, "Multi-frame, data-driven image and video methods", appendix A: checkerboards of
transposed convolutions whose kernel their stride does not divide, colours that fade towards grey,
and ringing where high frequencies are missing. All are made for any image-to-image network: of its
output and the true image, or of its output and input where there is no truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...types import FloatArray, InputError

_PERIODS = (2, 4, 8)
_STEP, _FAR_PX, _NEAR_PX = 0.15, 12, 4
_COLOURED = 0.05


@dataclass(frozen=True, slots=True)
class Artefacts:
    """`checkerboard`: energy at the frequencies of patterns of 2, 4 and 8 pixels above that beside
    them, as a share of the image's contrast; 0 none. `saturation`: colourfulness as a share of the
    reference's; 1 as it should be, NaN for grey. `ringing`: what overshoots beside strong edges, as
    a share of their height, beyond what the reference does; 0 none.
    """

    checkerboard: float
    saturation: float
    ringing: float


def artefacts(image: FloatArray, reference: FloatArray) -> Artefacts:
    """Both H x W or H x W x 3 BGR float32, 1 full range, one size of 32 pixels or more.

    Raises InputError where the sizes differ or are smaller.
    """
    if image.shape != reference.shape or min(image.shape[:2]) < 32:
        raise InputError(
            f"artefacts are measured on two images of one size from 32 pixels on, not "
            f"{image.shape} and {reference.shape}"
        )
    grey, true = _grey(image), _grey(reference)
    board = max(0.0, checkerboard(grey) - checkerboard(true))
    return Artefacts(board, saturation(image, reference), max(0.0, ringing(grey, true)))


def checkerboard(grey: FloatArray) -> float:
    """Amplitude of what repeats every 2, 4 or 8 pixels both or one way, above its surroundings in
    the spectrum, as a share of the standard deviation; H x W.
    """
    height, width = (n // 16 * 16 for n in grey.shape)
    values = grey[:height, :width] - grey[:height, :width].mean()
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    spectrum = np.abs(np.fft.fft2(values * window)) / window.sum()
    excess = 0.0
    for period in _PERIODS:
        rows = [0, *(height * k // period for k in range(1, period))]
        columns = [0, *(width * k // period for k in range(1, period))]
        for row in rows:
            for column in columns:
                if row or column:
                    peak = spectrum[row, column]
                    excess += max(0.0, float(peak - 3 * _beside(spectrum, row, column))) ** 2
    return float(np.sqrt(excess) / max(float(grey.std()), 1e-3))


def saturation(image: FloatArray, reference: FloatArray) -> float:
    """Mean distance of the colours from grey as a share of the reference's; NaN where that has
    none.
    """
    if image.ndim == 2:
        return float("nan")
    one, other = (np.ptp(i, axis=2) for i in (image, reference))
    coloured = other > _COLOURED
    if not coloured.any():
        return float("nan")
    return float(one[coloured].mean() / other[coloured].mean())


def ringing(grey: FloatArray, true: FloatArray) -> float:
    """Standard deviation of the error some pixels away from strong edges of the true image, beyond
    that far from all, as a share of the edges' height.
    """
    edges = cv2.morphologyEx(true, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    strong = (edges > _STEP).astype(np.uint8)
    if not strong.any():
        return 0.0
    near = cv2.dilate(strong, np.ones((2 * _NEAR_PX + 1,) * 2, np.uint8)) > 0
    far = cv2.dilate(strong, np.ones((2 * _FAR_PX + 1,) * 2, np.uint8)) > 0
    on = cv2.dilate(strong, np.ones((3, 3), np.uint8)) > 0
    error, height = grey - true, float(edges[strong > 0].mean())
    beside = float(error[near & ~on].std()) if (near & ~on).any() else 0.0
    elsewhere = float(error[~far].std()) if (~far).any() else 0.0
    return (beside - elsewhere) / height


def _beside(spectrum: np.ndarray, row: int, column: int) -> float:  # type: ignore[type-arg]
    """Median around a frequency, without its own three by three."""
    rows = (np.arange(row - 4, row + 5)) % spectrum.shape[0]
    columns = (np.arange(column - 4, column + 5)) % spectrum.shape[1]
    part = spectrum[np.ix_(rows, columns)].copy()
    part[2:7, 2:7] = np.nan
    return float(np.nanmedian(part))


def _grey(image: FloatArray) -> FloatArray:
    if image.ndim == 2:
        return image
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float32)
