"""How far two layers are from independent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray

_BINS = 32
# Values further from the mean than this many standard deviations share the outermost bins.
_REACH = 3.0
_TINY = 1e-12


def normalised_mutual_information(first: FloatArray, second: FloatArray) -> float:
    """Mutual information of two sets of values (same size) over the mean of their entropies.

    0 for independent values, 1 for values that determine each other; 1 too where a set is
    constant and says nothing. Histograms of 32 x 32 bins over ±3 standard deviations.
    """
    a, b = _bins(first), _bins(second)
    if a is None or b is None:
        return 1.0
    counts = np.bincount(a * _BINS + b, minlength=_BINS * _BINS).reshape(_BINS, _BINS)
    joint = counts / a.size
    marginals = _entropy(joint.sum(axis=0)) + _entropy(joint.sum(axis=1))
    if marginals < _TINY:
        return 1.0
    return float(2 * (marginals - _entropy(joint.ravel())) / marginals)


def _bins(values: FloatArray) -> NDArray[np.intp] | None:
    flat = values.ravel()
    if flat.size == 0:
        return None
    centre, spread = float(flat.mean()), float(flat.std())
    if spread < _TINY:
        return None
    low, width = centre - _REACH * spread, 2 * _REACH * spread / _BINS
    scaled = (flat - np.float32(low)) * np.float32(1 / width)
    return np.asarray(np.clip(scaled, 0, _BINS - 1), dtype=np.intp)


def _entropy(probabilities: NDArray[np.float64]) -> float:
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum())
