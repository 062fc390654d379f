"""What it costs to say that two frames show one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from ...types import FloatArray

_OVERSAMPLED = 8
_POWERS = 1
_FRAMES_PER_RANK = 100


def cost_matrix(reference: FloatArray, query: FloatArray) -> FloatArray:
    """Distances (n, m) float32 of unit vectors (n, d) to (m, d): delta of section 4.2."""
    products = reference.astype(np.float32, copy=False) @ query.T.astype(np.float32, copy=False)
    return np.asarray(np.sqrt(np.maximum(2.0 - 2.0 * products, 0.0)), np.float32)


def common_structure(costs: FloatArray, rank: int, seed: int = 0) -> FloatArray:
    """An orthonormal basis (n, rank) of what rows of `costs` (n, m) have most in common: the first
    left singular vectors, by a randomised range finder (Halko, Martinsson, Tropp, 2011).
    """
    rank = min(rank, *costs.shape)
    if rank == 0:
        return np.zeros((len(costs), 0), np.float32)
    drawn = np.random.default_rng(seed).standard_normal(
        (costs.shape[1], min(rank + _OVERSAMPLED, *costs.shape)), np.float32
    )
    found = costs @ drawn
    for _ in range(_POWERS):
        found = costs @ (costs.T @ _orthonormal(found))
    basis = _orthonormal(found)
    inner, _, _ = np.linalg.svd(basis.T @ costs, full_matrices=False)
    return np.asarray((basis @ inner)[:, :rank], np.float32)


def decorrelated(costs: FloatArray, rank: int = 5, seed: int = 0) -> FloatArray:
    """`costs` (n, m) without their part of that `rank`, shifted so that the least is 0.

    What a frame has in common with all others makes whole rows and columns cheap (section 4.3,
    step 1). The difference may be negative, which a shortest path does not allow and the paper
    does not mention: hence the shift. Of a short video, a path is of low rank, too, and would go
    with the rest: there the rank is less (`allowed_rank`).
    """
    basis = common_structure(costs, allowed_rank(rank, costs.shape), seed)
    left = costs - basis @ (basis.T @ costs)
    return np.asarray(left - left.min(initial=0.0), np.float32)


def allowed_rank(rank: int, shape: tuple[int, ...]) -> int:
    """The rank that may be taken out of costs of this shape: one in a hundred frames."""
    return min(rank, min(shape) // _FRAMES_PER_RANK)


def _orthonormal(columns: FloatArray) -> NDArray[np.float32]:
    return np.asarray(qr(columns, mode="economic", check_finite=False)[0], np.float32)


def excess(costs: FloatArray) -> FloatArray:
    """`costs` (n, m) beyond the cheapest of their row or column, whichever is less.

    A path with free ends pays for each move down (section 4.3.1), and so begins late and ends early
    where the reference was slower: unless what matches costs next to nothing.
    """
    cheapest = np.minimum(costs.min(axis=0, keepdims=True), costs.min(axis=1, keepdims=True))
    return np.asarray(costs - cheapest, np.float32)
