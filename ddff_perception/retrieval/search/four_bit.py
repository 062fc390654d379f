"""The search through 4-bit codes: bins by a heap over two halves, blocks by the byte shuffle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray
from ..quantizers.tree import Traversal
from .compiled import HAS_NUMBA, compiled
from .machine import fetch_ahead, lowest_bit
from .shuffle import BLOCK, ENTRY_LIMIT, block_sums, block_sums_numpy

_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Blocks:
    """Codes by position: `codes` (blocks, M / 2, 32) uint8 of `count` vectors.

    `offsets` (K^2 + 1,) int64: where the vectors of each bin begin, K leaves in each half.
    """

    codes: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    count: int


@compiled
def _set(
    heap: FloatArray, place: NDArray[np.int32], n: int, key: np.float32, x: int, y: int
) -> None:
    heap[n] = key
    place[n, 0] = x
    place[n, 1] = y


@compiled
def _push(
    heap: FloatArray, place: NDArray[np.int32], size: int, key: np.float32, x: int, y: int
) -> None:
    """Puts (key, x, y) into a binary heap of `size`: `heap` (R,), `place` (R, 2)."""
    n = size
    while n > 0:
        above = (n - 1) >> 1
        if heap[above] <= key:
            break
        _set(heap, place, n, heap[above], place[above, 0], place[above, 1])
        n = above
    _set(heap, place, n, key, x, y)


@compiled
def _replace_first(
    heap: FloatArray, place: NDArray[np.int32], size: int, key: np.float32, x: int, y: int
) -> None:
    """Takes the first of a heap out and puts (key, x, y) in."""
    n = 0
    while 2 * n + 1 < size:
        below = 2 * n + 1
        if below + 1 < size and heap[below + 1] < heap[below]:
            below += 1
        if heap[below] >= key:
            break
        _set(heap, place, n, heap[below], place[below, 0], place[below, 1])
        n = below
    _set(heap, place, n, key, x, y)


@compiled
def _propose(
    leaves: NDArray[np.int32],
    distances: FloatArray,
    leaf_count: int,
    offsets: NDArray[np.int64],
    visited: NDArray[np.uint64],
    blocks: NDArray[np.int32],
) -> int:
    """Blocks of one query by the distance of the nearest bin that reaches into them.

    A bin is contiguous and shares its first and last block with its neighbours, which are near in
    space, too: each block counts once, and all its vectors are candidates. Returns how many of
    `blocks` are filled.
    """
    length = leaves.shape[1]
    heap = np.empty(length + 1, np.float32)
    place = np.empty((length + 1, 2), np.int32)
    visited[:] = 0
    _push(heap, place, 0, distances[0, 0] + distances[1, 0], 0, 0)
    size, count, limit = 1, 0, len(blocks)
    while size > 0 and count < limit:
        x, y = place[0, 0], place[0, 1]
        if x + 1 < length:
            _replace_first(heap, place, size, distances[0, x + 1] + distances[1, y], x + 1, y)
        else:
            size -= 1
            _replace_first(heap, place, size, heap[size], place[size, 0], place[size, 1])
        if x == 0 and y + 1 < length:
            _push(heap, place, size, distances[0, 0] + distances[1, y + 1], 0, y + 1)
            size += 1
        slot = leaves[0, x] + leaf_count * leaves[1, y]
        start, stop = offsets[slot], offsets[slot + 1]
        if start == stop:
            continue
        for block in range(start >> 5, ((stop - 1) >> 5) + 1):
            word, bit = block >> 6, np.uint64(1) << np.uint64(block & 63)
            if not visited[word] & bit and count < limit:
                visited[word] |= bit
                blocks[count] = block
                count += 1
    return count


@compiled
def _propose_all(
    leaves: NDArray[np.int32],
    distances: FloatArray,
    leaf_count: int,
    offsets: NDArray[np.int64],
    visited: NDArray[np.uint64],
    blocks: NDArray[np.int32],
    counts: NDArray[np.int64],
) -> None:
    for q in range(leaves.shape[0]):
        counts[q] = _propose(leaves[q], distances[q], leaf_count, offsets, visited, blocks[q])


def propose_blocks(
    traversal: Traversal, leaf_count: int, store: Blocks, candidates: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """(Q, B) blocks that hold at least `candidates` vectors (all, where there are fewer), and (Q,)
    how many of them are filled.
    """
    limit = min(-(-candidates // BLOCK), len(store.codes))
    blocks = np.empty((len(traversal.leaves), limit), np.int32)
    counts = np.empty(len(blocks), np.int64)
    visited = np.empty(len(store.codes) // 64 + 1, np.uint64)
    _propose_all(
        traversal.leaves,
        traversal.distances,
        leaf_count,
        store.offsets,
        visited,
        blocks,
        counts,
    )
    return blocks, counts


@compiled
def _scan(
    codes: NDArray[np.uint8],
    total: int,
    blocks: NDArray[np.int32],
    tables: NDArray[np.uint8],
    wanted: int,
    workspace: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint16]],
    found: NDArray[np.int64],
    sums: NDArray[np.uint16],
) -> int:
    """Candidates of one query: all with a sum below the least threshold that `wanted` reach.

    A histogram of the sums of those kept lowers the threshold as they come, so that most blocks
    end with their mask. Fills `found` with positions and `sums`; returns how many.
    """
    histogram, positions, kept = workspace
    block_of = np.empty(BLOCK, np.uint16)
    histogram[:] = 0
    threshold, below, survivors, largest = len(histogram) - 1, 0, 0, 0
    for n in range(min(_AHEAD, len(blocks))):
        fetch_ahead(codes, blocks[n])
    for n in range(len(blocks)):
        if n + _AHEAD < len(blocks):
            fetch_ahead(codes, blocks[n + _AHEAD])
        block = np.int64(blocks[n])
        mask = block_sums(codes, block, tables, threshold, block_of)
        while mask:
            bit = lowest_bit(mask)
            mask &= mask - 1
            position, value = block * BLOCK + bit, block_of[bit]
            if position < total:
                positions[survivors] = position
                kept[survivors] = value
                survivors += 1
                histogram[value] += 1
                below += 1
                largest = max(largest, int(value))
        if below >= wanted and threshold > largest + 1:
            threshold = largest + 1
        while below - histogram[threshold - 1] >= wanted:
            threshold -= 1
            below -= histogram[threshold]
    count = 0
    for n in range(survivors):
        if kept[n] < threshold and count < len(found):
            found[count] = positions[n]
            sums[count] = kept[n]
            count += 1
    return count


@compiled
def _scan_all(
    codes: NDArray[np.uint8],
    total: int,
    blocks: NDArray[np.int32],
    counts: NDArray[np.int64],
    tables: NDArray[np.uint8],
    wanted: int,
    results: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]],
) -> None:
    found, filled, sums = results
    limit = 4 * tables.shape[1] * ENTRY_LIMIT + 2
    capacity = blocks.shape[1] * BLOCK
    workspace = (
        np.empty(limit, np.int32),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.uint16),
    )
    for q in range(blocks.shape[0]):
        filled[q] = _scan(
            codes, total, blocks[q, : counts[q]], tables[q], wanted, workspace, found[q], sums[q]
        )


def scan_blocks(
    store: Blocks,
    proposed: tuple[NDArray[np.int32], NDArray[np.int64]],
    tables: NDArray[np.uint8],
    wanted: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]]:
    """The `wanted` nearest candidates by their codes, and those as near as the last of them.

    Returns (Q, C) positions, (Q,) how many, and (Q, C) sums. Without a compiler the sums of all
    candidates are made at once, and the same ones are found.
    """
    blocks, counts = proposed
    # Ties with the last one may be many: what exceeds this is left out.
    capacity = min(2 * wanted + BLOCK, blocks.shape[1] * BLOCK)
    found = np.zeros((len(blocks), capacity), np.int64)
    sums = np.zeros((len(blocks), capacity), np.uint16)
    filled = np.zeros(len(blocks), np.int64)
    if HAS_NUMBA:
        results = (found, filled, sums)
        _scan_all(store.codes, store.count, blocks, counts, tables, wanted, results)
        return results
    for q, count in enumerate(counts):
        chosen = blocks[q, :count].astype(np.int64)
        value = block_sums_numpy(store.codes[chosen], tables[q]).reshape(-1)
        position = (chosen[:, None] * BLOCK + np.arange(BLOCK)).reshape(-1)
        value, position = value[position < store.count], position[position < store.count]
        if len(value) > wanted:
            keep = value <= np.partition(value, wanted - 1)[wanted - 1]
            value, position = value[keep], position[keep]
        filled[q] = min(len(value), capacity)
        found[q, : filled[q]] = position[: filled[q]]
        sums[q, : filled[q]] = value[: filled[q]]
    return found, filled, sums
