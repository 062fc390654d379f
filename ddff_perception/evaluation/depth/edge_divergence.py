"""How much the edges of a depth map differ from the truth's, wherever they lie.

Nazir and Coltuc, "Edge-preserving smoothing regularization for monocular depth estimation", ICAC
2021 (S. Nazir's thesis, section 2.1.1), after Wang and Simoncelli, "Reduced-reference image quality
assessment using a wavelet-domain natural image statistic model", 2005: both maps are taken apart by
a steerable pyramid, and the histograms of each sub-band are compared by their Kullback-Leibler
divergence,

    D = log2(1 + 1/D0 sum_k |d(h_m^k || h^k)|),   d(h_m || h) = sum_i h_m(i) log(h_m(i) / h(i)),

h_m of the truth, over 2 scales and 4 orientations, D0 = 10 (the thesis' summary sets the bars of
(2.2) wrongly). What it does not say: histograms have 64 bins over the range of the truth's
sub-band, what lies beyond counts at the ends, and each bin holds at least one pixel's share.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray
from .maps import check_same_size, convert, fill_to_full_coverage, known

SCALES, ORIENTATIONS, SCALE_OF_MEASURE = 2, 4, 10.0
_BINS = 64


def edge_divergence(estimate: FloatArray, truth: FloatArray) -> float:
    """D of an estimate against the truth, H x W metres, in dioptres; 0 where both are alike.

    Unknown pixels of both take their nearest known one's value. Raises InputError where the sizes
    differ; NaN where one of them knows nothing, or is smaller than 16 pixels.
    """
    check_same_size(estimate, truth)
    if min(truth.shape) < 16 or not known(truth).any() or not known(estimate).any():
        return math.nan
    bands = [
        steerable_bands(convert(fill_to_full_coverage(depth), "dioptres"))
        for depth in (estimate, truth)
    ]
    total = sum(abs(_divergence(true, found)) for found, true in zip(*bands, strict=True))
    return math.log2(1.0 + total / SCALE_OF_MEASURE)


def steerable_bands(
    values: NDArray[np.floating], scales: int = SCALES, orientations: int = ORIENTATIONS
) -> list[NDArray[np.float64]]:
    """The oriented sub-bands of H x W, `orientations` for each of `scales` from the finest on.

    Filters are polar-separable in the Fourier domain (Portilla and Simoncelli, IJCV 40, 2000,
    section 2.1): raised cosines over an octave, and cosines of the angle to the power of
    `orientations` - 1. The border is mirrored.
    """
    whole = np.pad(values, ((0, values.shape[0]), (0, values.shape[1])), mode="symmetric")
    spectrum = np.fft.rfft2(whole)
    y, x = np.fft.fftfreq(whole.shape[0])[:, None], np.fft.rfftfreq(whole.shape[1])[None]
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    # Octaves below the highest frequency that an image holds.
    with np.errstate(divide="ignore"):
        octave = np.log2(2.0 * radius)
    order = orientations - 1
    factor = 2.0**order * math.factorial(order)
    factor /= math.sqrt(orientations * math.factorial(2 * order))
    found = []
    for scale in range(scales):
        ring = _low(octave + scale) * _high(octave + scale + 1.0)
        for number in range(orientations):
            turned = np.cos(angle - math.pi * number / orientations)
            # Odd derivatives are imaginary filters: their real bands need a quarter turn.
            band = spectrum * ring * factor * turned**order * (-1j) ** order
            plane = np.fft.irfft2(band, s=whole.shape)
            found.append(plane[: values.shape[0], : values.shape[1]])
    return found


def _low(octave: NDArray[np.floating]) -> NDArray[np.floating]:
    """1 below -1, 0 from 0 on."""
    return np.asarray(np.cos(0.5 * math.pi * np.clip(octave + 1.0, 0.0, 1.0)))


def _high(octave: NDArray[np.floating]) -> NDArray[np.floating]:
    """0 below -1, 1 from 0 on."""
    return np.asarray(np.sin(0.5 * math.pi * np.clip(octave + 1.0, 0.0, 1.0)))


def _divergence(true: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    end = max(float(np.abs(true).max()), 1e-9)
    edges = np.linspace(-end, end, _BINS + 1)
    shares = []
    for band in (true, found):
        counts = np.histogram(np.clip(band, -end, end), edges)[0] + 1.0
        shares.append(counts / counts.sum())
    return float((shares[0] * np.log(shares[0] / shares[1])).sum())
