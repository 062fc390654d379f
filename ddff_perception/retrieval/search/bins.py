"""Which bins a query visits, and which vectors lie in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray
from ..quantizers.tree import Traversal
from .compiled import compiled
from .orders import merge_exactly, merge_in_order, order_table, slope_index


@dataclass(frozen=True, slots=True)
class BinOrder:
    """How bins are chosen: `name` of an order, `bins` at most, `resort` by their real distance."""

    name: str
    bins: int
    resort: bool = False


@compiled
def _merge(
    first: FloatArray,
    second: FloatArray,
    table: NDArray[np.int32],
    ranks: NDArray[np.int32],
    distances: FloatArray,
) -> int:
    if table.shape[0] == 0:
        return merge_exactly(first, second, ranks, distances)
    which = 0
    if table.shape[0] > 1:
        which = slope_index(first, second, len(distances))
    return merge_in_order(first, second, table[which], ranks, distances)


@compiled
def _propose(
    leaves: NDArray[np.int32],
    distances: FloatArray,
    radix: int,
    tables: tuple[NDArray[np.int32], ...],
    resort: bool,
    bins: NDArray[np.int64],
    found: FloatArray,
) -> int:
    """Bins of one query, (parts, L) leaves and distances: merged in pairs until one list is left.

    `tables`: the orders of each stage.

    Between the stages lists are sorted again by distance; the last one where `resort` says so.
    """
    limit = len(bins)
    parts = leaves.shape[0]
    lists = np.zeros((parts, max(limit, leaves.shape[1])), np.int64)
    sums = np.zeros(lists.shape, np.float32)
    lengths = np.zeros(parts, np.int64)
    for part in range(parts):
        # What is left out of a traversal is infinitely far.
        length = leaves.shape[1]
        lengths[part] = length
        lists[part, :length] = leaves[part]
        sums[part, :length] = distances[part]
    ranks = np.empty((limit, 2), np.int32)
    merged = np.empty(limit, np.float32)
    stage = 0
    while parts > 1:
        table = tables[stage]
        for pair in range(parts // 2):
            a, b = 2 * pair, 2 * pair + 1
            count = _merge(sums[a, : lengths[a]], sums[b, : lengths[b]], table, ranks, merged)
            joined = np.empty(count, np.int64)
            for n in range(count):
                joined[n] = lists[a, ranks[n, 0]] + radix * lists[b, ranks[n, 1]]
            order = np.arange(count)
            if table.shape[0] > 0 and (resort or parts > 2):
                order = np.argsort(merged[:count])
            for n in range(count):
                lists[pair, n] = joined[order[n]]
                sums[pair, n] = merged[order[n]]
            lengths[pair] = count
        radix = radix * radix
        parts //= 2
        stage += 1
    proposed: int = min(lengths[0], limit)
    bins[:proposed] = lists[0, :proposed]
    found[:proposed] = sums[0, :proposed]
    return proposed


@compiled
def _propose_all(
    leaves: NDArray[np.int32],
    distances: FloatArray,
    radix: int,
    tables: tuple[NDArray[np.int32], ...],
    resort: bool,
    bins: NDArray[np.int64],
    found: FloatArray,
    counts: NDArray[np.int64],
) -> None:
    for q in range(leaves.shape[0]):
        counts[q] = _propose(leaves[q], distances[q], radix, tables, resort, bins[q], found[q])


def propose_bins(
    traversal: Traversal, leaf_count: int, order: BinOrder
) -> tuple[NDArray[np.int64], FloatArray, NDArray[np.int64]]:
    """Bins of each query in the order of visit.

    Returns (Q, B) int64 bins as mixed-radix numbers, (Q, B) float32 squared distances to their
    centres, and (Q,) how many of the B there are.
    """
    queries, parts, depth = traversal.leaves.shape
    limit = min(order.bins, depth**parts)
    tables, length = [], depth
    for _ in range(max(1, parts.bit_length() - 1)):
        tables.append(order_table(order.name, length, limit))
        length = min(limit, length**2)
    bins = np.empty((queries, limit), np.int64)
    found = np.empty((queries, limit), np.float32)
    counts = np.empty(queries, np.int64)
    _propose_all(
        traversal.leaves,
        traversal.distances,
        leaf_count,
        tuple(tables),
        order.resort,
        bins,
        found,
        counts,
    )
    return bins, found, counts


@compiled
def _gather(
    bins: NDArray[np.int64],
    counts: NDArray[np.int64],
    hashed: bool,
    offsets: NDArray[np.int64],
    positions: NDArray[np.int64],
    filled: NDArray[np.int64],
) -> None:
    limit, slots = positions.shape[1], len(offsets) - 1
    for q in range(bins.shape[0]):
        count = 0
        seen = set([np.int64(-1)])
        for b in range(counts[q]):
            slot = bins[q, b] % slots
            start, stop = offsets[slot], offsets[slot + 1]
            if start == stop:
                continue
            if hashed:
                if slot in seen:
                    continue
                seen.add(slot)
            for position in range(start, min(stop, start + limit - count)):
                positions[q, count] = position
                count += 1
            if count == limit:
                break
        filled[q] = count


def gather_candidates(
    bins: NDArray[np.int64],
    counts: NDArray[np.int64],
    offsets: NDArray[np.int64],
    hashed: bool,
    limit: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions (Q, limit) int64 of the vectors in the bins, in their order, and (Q,) how many.

    `offsets` (slots + 1,): where each slot's vectors begin; a bin's slot is its number modulo the
    slots, and where there are fewer of them (`hashed`), one that two visited bins share counts
    once (digest 1.3).
    """
    positions = np.zeros((len(bins), limit), np.int64)
    filled = np.zeros(len(bins), np.int64)
    _gather(bins, counts, hashed, offsets, positions, filled)
    return positions, filled
