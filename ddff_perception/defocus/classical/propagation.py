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

# Cells of the low resolution, and how little neighbours of one colour may differ.
_MOST_CELLS = 4000
_SMOOTHNESS = 0.05
_COLOUR_STEP = 0.03
# Holds what no edge reaches at the mean.
_ANCHOR = 1e-6
_GUIDE_CELLS, _GUIDE_STEP = 2, 0.02


def propagated(
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    values: FloatArray,
    weight: FloatArray,
    guide: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """`values` (N,) at pixels, with their `weight`, brought to all pixels of `guide` (H x W, 0..1):
    H x W, and how much the edges around say there, H x W in 0..1.
    """
    height, width = guide.shape
    cell = max(1, round(float(np.sqrt(height * width / _MOST_CELLS))))
    shape = (-(-height // cell), -(-width // cell))
    place = rows // cell * shape[1] + columns // cell
    count = shape[0] * shape[1]
    total = np.bincount(place, weight, count)
    mean = np.bincount(place, weight * values, count) / np.maximum(total, 1e-9)
    small = np.asarray(cv2.resize(guide, shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    # An edge that runs through a cell crosses it in as many pixels as the cell is wide.
    certain = np.minimum(total / cell, 1.0)
    solved, known = _solve(mean, certain, small)
    return _grown(solved, small, guide), np.clip(_grown(known, small, guide), 0.0, 1.0)


def _solve(
    mean: NDArray[np.float64], certain: NDArray[np.float64], guide: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Both of the shape of `guide`: the smooth values, and the weight that reaches there."""
    fallback = float((mean * certain).sum() / max(certain.sum(), 1e-9))
    matrix = _smoothness(guide) + sparse.diags(certain + _ANCHOR)
    solve = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve
    sides = np.stack([certain * mean + _ANCHOR * fallback, certain], axis=1)
    found = solve(sides)
    blurred = cv2.GaussianBlur(certain.reshape(guide.shape).astype(np.float32), (0, 0), 3.0)
    reach = np.minimum(1.0, found[:, 1].reshape(guide.shape) * np.sqrt(4.0 * blurred))
    return np.asarray(found[:, 0].reshape(guide.shape), np.float32), np.asarray(reach, np.float32)


def _smoothness(guide: FloatArray) -> sparse.spmatrix:
    """The graph Laplacian of neighbouring cells, which hold together where they look alike."""
    count = guide.size
    pairs = _neighbours(guide.shape)
    flat = guide.ravel().astype(np.float64)
    step = np.abs(flat[pairs[0]] - flat[pairs[1]])
    bond = _SMOOTHNESS * np.exp(-step / _COLOUR_STEP) + 1e-4
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
