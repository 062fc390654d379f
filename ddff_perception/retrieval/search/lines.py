"""The approximate re-ranking: candidates by the distance to their line codes (digest 1.5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray
from ..quantizers.lines import LOW, STEP
from .compiled import HAS_NUMBA, compiled
from .exact import Found, first_k, insert
from .machine import fetch_ahead

_AHEAD = 4


@compiled
def _distance(tables: FloatArray, code: NDArray[np.uint8]) -> np.float32:
    """Sum of h^2 = b2 + lambda (lambda c2 + a2 - b2 - c2) over the parts of one code."""
    total = np.float32(0.0)
    for part in range(tables.shape[0]):
        position = np.float32(LOW) + np.float32(STEP) * np.float32(code[2 * part])
        entry = tables[part, min(code[2 * part + 1], tables.shape[1] - 1)]
        total += entry[0] + position * (position * entry[2] + entry[1])
    return max(total, np.float32(0.0))


@compiled
def _rank(
    tables: FloatArray,
    codes: NDArray[np.uint8],
    positions: NDArray[np.int64],
    filled: NDArray[np.int64],
    found: NDArray[np.int64],
    distances: FloatArray,
) -> None:
    for q in range(tables.shape[0]):
        count = 0
        for n in range(filled[q]):
            if n + _AHEAD < filled[q]:
                fetch_ahead(codes, positions[q, n + _AHEAD])
            position = positions[q, n]
            distance = _distance(tables[q], codes[position])
            count = insert(distances[q], found[q], count, distance, position)


def rank_by_lines(
    tables: FloatArray,
    codes: NDArray[np.uint8],
    candidates: tuple[NDArray[np.int64], NDArray[np.int64]],
    k: int,
) -> Found:
    """The `k` candidates of each query that are nearest by their codes.

    `tables` (Q, parts, pairs, 3) of `LineQuantizer.query_tables`, `codes` (n, 2 * parts) by
    position, `candidates` (Q, C) positions and (Q,) how many. Returns (Q, k) squared distances and
    positions, inf and -1 where there are fewer.
    """
    positions, filled = candidates
    distances = np.full((len(tables), k), np.inf, np.float32)
    found = np.full((len(tables), k), -1, np.int64)
    if HAS_NUMBA:
        _rank(tables, codes, positions, filled, found, distances)
        return distances, found
    part = np.arange(tables.shape[1])
    for q, count in enumerate(filled):
        code = codes[positions[q, :count]]
        place = (LOW + STEP * code[:, ::2].astype(np.float32)).astype(np.float32)
        entry = tables[q][part, np.minimum(code[:, 1::2], tables.shape[2] - 1)]
        value = entry[..., 0] + place * (place * entry[..., 2] + entry[..., 1])
        total = np.maximum(value.sum(axis=1), 0.0)[None]
        distances[q], found[q] = (row[0] for row in first_k(total, positions[q, :count][None], k))
    return distances, found
