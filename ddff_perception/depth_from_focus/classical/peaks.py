"""Where between the slices the focus measure peaks: three-point fits on positions of any spacing.

Positions are inverse focus distances in dioptres (1/m): there a defocus curve is nearly symmetric,
and slices of a lens are rarely evenly spaced. Any increasing coordinate works.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...types import FloatArray, InputError

# The logistic curve of `peak_confidence`. It stays under 1: far from the camera the slices of a
# sweep are too sparse, and beside bright objects the measure is high but not the surface's own.
_HIGHEST_CONFIDENCE = np.float32(0.65)
_MIDDLE_CONTRAST = np.float32(0.14)
_LOGIT_SLOPE = np.float32(22.0)


def parabola_peak(values: FloatArray, positions: ArrayLike) -> FloatArray:
    """Position of the vertex of the parabola through three points.

    `values`: 3 x ... float32, the middle one usually the largest; `positions`: 3 or 3 x ...,
    strictly increasing or strictly decreasing along axis 0. The result, of shape values.shape[1:],
    lies within the interval of the outer positions. Where the points do not curve downwards
    it is the position of the largest value, the middle one where all are equal.
    """
    before, middle, after = (np.asarray(v, dtype=np.float32) for v in values)
    places = np.asarray(positions, dtype=np.float32)
    left = places[1] - places[0]
    right = places[2] - places[1]
    rise = (middle - before) / left
    fall = (after - middle) / right
    # Divided differences: the slope is rise at the first gap's middle and fall at the second's.
    change = fall - rise
    bends_down = np.where(left > 0, change < 0, change > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        vertex = places[1] - 0.5 * (rise * right + fall * left) / change
    low, high = np.minimum(places[0], places[2]), np.maximum(places[0], places[2])
    largest = np.where(before > np.maximum(middle, after), places[0], places[1])
    largest = np.where(after > np.maximum(middle, before), places[2], largest)
    result = np.where(bends_down, np.clip(vertex, low, high), largest)
    return np.asarray(result, dtype=np.float32)


def gaussian_peak(values: FloatArray, positions: ArrayLike) -> FloatArray:
    """As `parabola_peak`, through the logarithms: exact for a Gaussian focus curve.

    Nayar and Nakagawa, PAMI 1994, section V. Where a value is not positive the parabola through
    the values themselves is taken.
    """
    samples = np.asarray(values, dtype=np.float32)
    positive = np.all(samples > 0, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.log(samples)
    return parabola_peak(np.where(positive, logarithms, samples), positions)


PEAK_FITS = {"gaussian": gaussian_peak, "parabola": parabola_peak}


def refine_peak(
    volume: FloatArray,
    index: NDArray[np.intp],
    positions: ArrayLike,
    kind: str = "gaussian",
) -> FloatArray:
    """Position of the peak next to slice `index`, with sub-slice precision.

    `volume`: S x H x W focus measures; `index`: H x W in 0..S-1, usually the argmax; `positions`:
    S, strictly monotone; `kind`: 'gaussian', 'parabola' or 'none'. The first and last slice have
    one neighbour only: their own position is the result. Returns H x W float32 in the unit of the
    positions.
    """
    places = np.asarray(positions, dtype=np.float32)
    slices = volume.shape[0]
    if kind == "none" or slices < 3:
        return places[index]
    if kind not in PEAK_FITS:
        raise InputError(f"there is no peak fit {kind!r}; there are: none, {', '.join(PEAK_FITS)}")
    inner = np.clip(index, 1, slices - 2)
    neighbours = np.stack([inner - 1, inner, inner + 1])
    values = np.take_along_axis(volume, neighbours, axis=0)
    fitted = PEAK_FITS[kind](values, places[neighbours])
    return np.where(index == inner, fitted, places[index])


def peak_contrast(volume: FloatArray, index_map: FloatArray) -> FloatArray:
    """How far the focus measure at an index stands out of its mean over the slices, 0..1.

    (peak - mean) / (peak + mean), 0 where all slices are alike, near 1 for one sharp slice.
    `volume`: S x H x W aggregated measures, not negative; `index_map`: H x W float32 in 0..S-1.
    """
    slices = volume.shape[0]
    lower = np.clip(index_map.astype(np.intp), 0, max(slices - 2, 0))
    upper = np.minimum(lower + 1, slices - 1)
    share = np.clip(index_map - lower.astype(np.float32), 0, 1)
    below = np.take_along_axis(volume, lower[None], axis=0)[0]
    above = np.take_along_axis(volume, upper[None], axis=0)[0]
    peak = below + share * (above - below)
    mean = volume.mean(axis=0)
    tiny = np.float32(np.finfo(np.float32).tiny)
    contrast: FloatArray = np.clip((peak - mean) / np.maximum(peak + mean, tiny), 0, 1)
    return contrast


def peak_confidence(volume: FloatArray, index_map: FloatArray) -> FloatArray:
    """Probability, 0..1, that the depth at an index is within 10 % of the truth.

    A logistic curve of `peak_contrast`, fitted on path-traced stacks to the modified Laplacian
    in a 9 x 9 window; other measures keep the order of the pixels.
    """
    evidence = _LOGIT_SLOPE * (peak_contrast(volume, index_map) - _MIDDLE_CONTRAST)
    confidence: FloatArray = _HIGHEST_CONFIDENCE / (1 + np.exp(-evidence))
    return confidence
