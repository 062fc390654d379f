"""Values at edges brought to every pixel, along what looks alike.

At low resolution the weighted least squares of Farbman et al., "Edge-preserving decompositions for
multi-scale tone and detail manipulation" (SIGGRAPH 2008), which stand in for Zhuo and Sim's matting
Laplacian at a tenth of its time; from there to pixels by the local linear models of He and Sun,
"Fast guided filter" (arXiv:1505.00996).
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from ...types import FloatArray

# Cells of the low resolution, how much neighbours of one colour count as one, and others.
_MOST_CELLS = 4000
_SMOOTHNESS, _LEAST_BOND = 40.0, 0.02
_COLOUR_STEP = 0.03
_GUIDE_CELLS, _GUIDE_STEP = 2, 0.02


class Cells:
    """The cells of a `guide` (H x W, 0..1), `side` pixels wide, and what lies between them."""

    def __init__(self, guide: FloatArray) -> None:
        height, width = guide.shape
        self.side = max(1, round(float(np.sqrt(height * width / _MOST_CELLS))))
        shape = (-(-height // self.side), -(-width // self.side))
        self.count = shape[0] * shape[1]
        self._guide = guide
        small = cv2.resize(guide, shape[::-1], interpolation=cv2.INTER_AREA)
        self._small = np.asarray(small, np.float32)

    def place(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.intp]:
        """The numbers of pixels' cells."""
        return np.asarray(rows // self.side * self._small.shape[1] + columns // self.side)

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """`values` (cells x N) taken along to the cells around, those that look alike most of all;
        sums are kept.
        """
        matrix = sparse.identity(self.count) + _smoothness(self._small)
        options = {"SymmetricMode": True}
        factors = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options=options)
        return np.asarray(factors.solve(values))

    def grown(self, values: FloatArray) -> FloatArray:
        """`values` of each cell at the size of the guide, by local linear models of it."""
        return _grown(values.reshape(self._small.shape), self._small, self._guide)


def _smoothness(guide: FloatArray) -> sparse.spmatrix:
    """The graph Laplacian of neighbouring cells, which hold together where they look alike."""
    count = guide.size
    pairs = _neighbours(guide.shape)
    flat = guide.ravel().astype(np.float64)
    step = np.abs(flat[pairs[0]] - flat[pairs[1]])
    bond = _SMOOTHNESS * (np.exp(-step / _COLOUR_STEP) + _LEAST_BOND)
    off = sparse.coo_matrix((-bond, (pairs[0], pairs[1])), (count, count))
    off = off + off.T
    return sparse.diags(-np.asarray(off.sum(axis=1)).ravel()) + off


@lru_cache(maxsize=4)
def _neighbours(shape: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    numbers = np.arange(shape[0] * shape[1]).reshape(shape)
    first = np.concatenate([numbers[:, :-1].ravel(), numbers[:-1].ravel()])
    return first, np.concatenate([numbers[:, 1:].ravel(), numbers[1:].ravel()])


def _grown(values: FloatArray, small: FloatArray, guide: FloatArray) -> FloatArray:
    """`values`, of the size of `small`, at the size of `guide` by local linear models of it."""
    window = (2 * _GUIDE_CELLS + 1,) * 2
    mean, of_guide = cv2.blur(values, window), cv2.blur(small, window)
    variance = cv2.blur(small * small, window) - of_guide * of_guide
    slope = (cv2.blur(small * values, window) - of_guide * mean) / (variance + _GUIDE_STEP**2)
    offset = mean - slope * of_guide
    size = guide.shape[::-1]
    slopes, offsets = (
        cv2.resize(cv2.blur(plane, (3, 3)), size, interpolation=cv2.INTER_LINEAR)
        for plane in (slope, offset)
    )
    found = np.asarray(slopes * guide + offsets, np.float32)
    # A line through few cells must not lead beyond all of them.
    low, high = float(values.min()), float(values.max())
    return np.asarray(np.clip(found, low, high), np.float32)
