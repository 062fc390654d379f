"""What may go into an index: arrays of vectors, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..types import InputError
from .search.exact import Vectors


def checked_vectors(vectors: NDArray[np.generic], dimensions: int | None = None) -> Vectors:
    """(n, d) uint8 as it is, other numbers as contiguous float32.

    Raises InputError on another shape or number of dimensions, on what is no number, NaN and inf.
    """
    found = np.asarray(vectors)
    if found.ndim != 2 or found.shape[1] == 0:
        raise InputError(f"vectors must be an array n x dimensions, not of shape {found.shape}")
    if dimensions is not None and found.shape[1] != dimensions:
        raise InputError(
            f"the index holds vectors of {dimensions} dimensions, these have {found.shape[1]}"
        )
    if found.dtype == np.uint8:
        return np.ascontiguousarray(found)
    if found.dtype.kind not in "iuf":
        raise InputError(f"vectors must be numbers, not {found.dtype}")
    numbers = np.ascontiguousarray(found, np.float32)
    if not np.isfinite(numbers).all():
        bad = int(np.flatnonzero(~np.isfinite(numbers).all(axis=1))[0])
        raise InputError(f"vector {bad} holds NaN or infinity: leave it out, or mend it")
    return numbers


def in_type(vectors: Vectors, kind: np.dtype[np.generic]) -> Vectors | None:
    """Checked vectors in the type that an index keeps; None where uint8 cannot hold them."""
    if vectors.dtype == kind:
        return vectors
    if kind == np.float32:
        return vectors.astype(np.float32)
    whole = vectors.astype(np.uint8, casting="unsafe") if _fits_bytes(vectors) else None
    return whole if whole is not None and np.array_equal(whole, vectors) else None


def padded(vectors: Vectors, width: int) -> NDArray[np.float32]:
    """(n, width) float32, zeros behind their own dimensions; distances stay what they are."""
    if vectors.shape[1] == width:
        return vectors.astype(np.float32, copy=False)
    found = np.zeros((len(vectors), width), np.float32)
    found[:, : vectors.shape[1]] = vectors
    return found


def checked_ids(ids: NDArray[np.generic], count: int) -> NDArray[np.int64]:
    """(count,) int64, each once and not negative; raises InputError on anything else."""
    found = np.asarray(ids)
    if found.shape != (count,) or found.dtype.kind not in "iu":
        raise InputError(f"ids must be {count} whole numbers, one per vector")
    found = found.astype(np.int64)
    if count and found.min() < 0:
        raise InputError("ids must not be negative")
    if len(np.unique(found)) != count:
        raise InputError("ids must differ: each names one vector")
    return found


def _fits_bytes(vectors: Vectors) -> bool:
    return vectors.size == 0 or bool(vectors.min() >= 0 and vectors.max() <= 255)
