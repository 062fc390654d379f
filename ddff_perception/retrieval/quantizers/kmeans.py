"""Vector quantization: Lloyd's iterations, and the nearest of many centres."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, InputError

# Distances of this many vectors to all centres are held at once: 4 MB to 256 centres.
_CHUNK = 4096


def squared_distances(vectors: FloatArray, centres: FloatArray) -> FloatArray:
    """(n, k) float32 squared Euclidean distances of (n, d) vectors to (k, d) centres, >= 0."""
    found = vectors @ (-2.0 * centres.T)
    found += np.einsum("nd,nd->n", vectors, vectors)[:, None]
    found += np.einsum("kd,kd->k", centres, centres)
    return np.maximum(found, 0.0, out=found)


def nearest(vectors: FloatArray, centres: FloatArray) -> tuple[NDArray[np.int32], FloatArray]:
    """Index (n,) of the nearest centre, the first of equals, and its squared distance (n,)."""
    index = np.empty(len(vectors), np.int32)
    distance = np.empty(len(vectors), np.float32)
    for part in chunks(len(vectors), _CHUNK):
        found = squared_distances(vectors[part], centres)
        index[part] = found.argmin(axis=1)
        distance[part] = np.take_along_axis(found, index[part, None].astype(np.int64), 1)[:, 0]
    return index, distance


def kmeans(vectors: FloatArray, k: int, seed: int = 0, iterations: int = 20) -> FloatArray:
    """(k, d) float32 centres of (n, d) float32 vectors by Lloyd's iterations.

    Begins with vectors drawn by `seed`, each with a chance that grows with its squared distance to
    those before (k-means++); a centre that loses all its vectors takes the place of the vector
    that is furthest from its own. The same call gives the same centres.
    Raises InputError where there are fewer vectors than centres.
    """
    if len(vectors) < k:
        raise InputError(
            f"{len(vectors)} vectors cannot be put into {k} clusters: give more vectors to learn "
            "from, or ask for fewer clusters"
        )
    centres = _first_centres(vectors, k, np.random.default_rng(seed))
    for _ in range(iterations):
        index, distance = nearest(vectors, centres)
        moved = _means(vectors, index, k)
        empty = np.flatnonzero(np.bincount(index, minlength=k) == 0)
        moved[empty] = vectors[np.argsort(-distance, kind="stable")[: len(empty)]]
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


class _Rows(Protocol):
    """An array, or a file that looks like one."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> NDArray[Any]: ...


def spread(vectors: _Rows, count: int) -> NDArray[Any]:
    """At most `count` vectors, from first to last: files are often sorted by picture or place.

    Fewer than twice as many are read, in one slice.
    """
    found = np.asarray(vectors[0 : len(vectors) : max(1, len(vectors) // count)])
    return found if len(found) <= count else found[np.arange(count) * len(found) // count]


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `count`."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _first_centres(vectors: FloatArray, k: int, random: np.random.Generator) -> FloatArray:
    """k-means++; where all vectors lie on centres already, any of them."""
    centres = np.empty((k, vectors.shape[1]), np.float32)
    nearest_yet = np.ones(len(vectors))
    for number in range(k):
        sums = np.cumsum(nearest_yet)
        drawn = random.random() * sums[-1]
        chosen = min(int(np.searchsorted(sums, drawn, side="right")), len(vectors) - 1)
        centres[number] = vectors[chosen]
        distance = squared_distances(vectors, centres[number : number + 1])[:, 0]
        nearest_yet = np.minimum(nearest_yet, distance) if number else distance.astype(np.float64)
    return centres


def _means(vectors: FloatArray, index: NDArray[np.int32], k: int) -> FloatArray:
    """Mean of the vectors of each of `k` clusters, zeros where it has none."""
    order = np.argsort(index, kind="stable")
    counts = np.bincount(index, minlength=k)
    sums = np.zeros((k, vectors.shape[1]), np.float32)
    filled = np.flatnonzero(counts)
    starts = np.cumsum(counts)[filled] - counts[filled]
    sums[filled] = np.add.reduceat(vectors[order], starts, axis=0)
    sums /= np.maximum(counts, 1)[:, None]
    return sums
