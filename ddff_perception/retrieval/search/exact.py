"""Exact distances: of every vector (the ground truth), of candidates, and the first k of many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray
from ..quantizers.kmeans import chunks
from .compiled import HAS_NUMBA, compiled, compiled_sum
from .machine import fetch_ahead

Vectors = NDArray[np.uint8] | FloatArray
Found = tuple[FloatArray, NDArray[np.int64]]
# Vectors that are compared with all queries at once.
_CHUNK = 16384
_FLOAT32_INTEGERS = 2**24
_AHEAD = 8


def brute_force(vectors: Vectors, queries: Vectors, k: int) -> Found:
    """The `k` nearest of (n, d) vectors to each of (Q, d) queries, by comparing all.

    Returns (Q, k) squared Euclidean distances, ascending, and positions; inf and -1 where there
    are fewer vectors. Distances are exact but for their own rounding to float32.
    """
    # Products cancel where vectors lie far from zero: only small whole numbers bear float32.
    whole = vectors.dtype == queries.dtype == np.uint8
    small = 2 * 255**2 * queries.shape[1] < _FLOAT32_INTEGERS
    kind = np.float32 if whole and small else np.float64
    asked: NDArray[Any] = queries.astype(kind)
    squares = np.einsum("qd,qd->q", asked, asked)[:, None]
    distances = np.empty((len(queries), 0), np.float32)
    ids = np.empty((len(queries), 0), np.int64)
    for part in chunks(len(vectors), _CHUNK):
        compared: NDArray[Any] = vectors[part].astype(kind)
        found = squares - 2 * (asked @ compared.T) + np.einsum("nd,nd->n", compared, compared)
        found = np.maximum(found, 0).astype(np.float32)
        best = np.argpartition(found, min(k, found.shape[1]) - 1, axis=1)[:, :k]
        distances = np.concatenate([distances, np.take_along_axis(found, best, 1)], axis=1)
        ids = np.concatenate([ids, best + part.start], axis=1)
        distances, ids = first_k(distances, ids, k)
    return first_k(distances, ids, k)


def first_k(distances: FloatArray, ids: NDArray[np.int64], k: int) -> Found:
    """The `k` least of each row by distance, then id: (Q, k) float32 and int64.

    Where a row has fewer than `k`, or -1 as an id, inf and -1 fill it up.
    """
    distances = np.where(ids < 0, np.inf, distances).astype(np.float32)
    order = np.lexsort((ids, distances), axis=1)[:, :k]
    found = np.take_along_axis(distances, order, 1), np.take_along_axis(ids, order, 1)
    missing = k - order.shape[1]
    if missing > 0:
        shape = ((0, 0), (0, missing))
        return np.pad(found[0], shape, constant_values=np.inf), np.pad(
            found[1], shape, constant_values=-1
        )
    return found


def merge(parts: list[Found], k: int) -> Found:
    """The `k` nearest of what several searches found for the same queries; an id counts once."""
    distances = np.concatenate([part[0] for part in parts], axis=1)
    ids = np.concatenate([part[1] for part in parts], axis=1)
    order = np.lexsort((distances, ids), axis=1)
    distances, ids = np.take_along_axis(distances, order, 1), np.take_along_axis(ids, order, 1)
    ids[:, 1:][ids[:, 1:] == ids[:, :-1]] = -1
    return first_k(distances, ids, k)


def without_own(found: Found, own: NDArray[np.integer], k: int) -> Found:
    """The first `k` of (Q, k + 1) neighbours found that are not the query itself, `own` (Q,)."""
    distances, ids = found
    return first_k(distances, np.where(ids == own[:, None], -1, ids), k)


@compiled_sum
def squared_distance(first: Vectors, second: Vectors) -> np.float32:
    """Squared Euclidean distance of two vectors (d,), in float32."""
    total = np.float32(0.0)
    for n in range(len(first)):
        difference = np.float32(first[n]) - np.float32(second[n])
        total += difference * difference
    return total


@compiled
def insert(
    distances: FloatArray,
    ids: NDArray[np.int64],
    count: int,
    distance: np.float32,
    identity: int,
) -> int:
    """Puts a pair where it belongs in sorted lists of `count`, the last falls out; the new count.

    Equal distances are in the order of their ids, so that the order of arrival does not matter.
    """
    limit = len(distances)
    place = count if count < limit else limit - 1
    if count == limit:
        last = distances[place]
        if distance > last or (distance == last and identity > ids[place]):
            return count
    while place > 0:
        before = distances[place - 1]
        if before < distance or (before == distance and ids[place - 1] < identity):
            break
        distances[place] = before
        ids[place] = ids[place - 1]
        place -= 1
    distances[place] = distance
    ids[place] = identity
    return min(count + 1, limit)


@compiled
def _rank(
    queries: Vectors,
    vectors: Vectors,
    names: NDArray[np.integer],
    positions: NDArray[np.int64],
    filled: NDArray[np.int64],
    distances: FloatArray,
    ids: NDArray[np.int64],
) -> None:
    for q in range(queries.shape[0]):
        count = 0
        for n in range(min(_AHEAD, filled[q])):
            fetch_ahead(vectors, positions[q, n])
        for n in range(filled[q]):
            if n + _AHEAD < filled[q]:
                fetch_ahead(vectors, positions[q, n + _AHEAD])
            position = positions[q, n]
            distance = squared_distance(queries[q], vectors[position])
            count = insert(distances[q], ids[q], count, distance, names[position])


def rank_exactly(
    queries: Vectors,
    vectors: Vectors,
    names: NDArray[np.integer],
    candidates: tuple[NDArray[np.int64], NDArray[np.int64]],
    k: int,
) -> Found:
    """The `k` nearest of each query's candidates: (Q, k) squared distances and ids.

    `vectors` (n, d) and `names` (n,) by position; `candidates`: (Q, C) positions and (Q,) how many.
    """
    positions, filled = candidates
    distances = np.full((len(queries), k), np.inf, np.float32)
    ids = np.full((len(queries), k), -1, np.int64)
    if HAS_NUMBA:
        _rank(queries, vectors, names, positions, filled, distances, ids)
        return distances, ids
    for q, count in enumerate(filled):
        places = positions[q, :count]
        difference = vectors[places].astype(np.float32) - queries[q].astype(np.float32)
        found = np.einsum("nd,nd->n", difference, difference)[None]
        distances[q], ids[q] = (
            row[0] for row in first_k(found, names[places][None].astype(np.int64), k)
        )
    return distances, ids
