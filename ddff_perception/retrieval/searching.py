"""A batch of queries through an index, stage by stage, on one core or on all."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray
from .checks import padded
from .quantizers.four_bit import FourBitQuantizer
from .quantizers.kmeans import chunks
from .quantizers.lines import LineQuantizer
from .quantizers.tree import ProductTree, Traversal
from .search.bins import BinOrder, gather_candidates, propose_bins
from .search.compiled import HAS_NUMBA
from .search.exact import Found, Vectors, first_k, rank_exactly
from .search.four_bit import Blocks, propose_blocks, scan_blocks
from .search.lines import rank_by_lines
from .settings import SearchSettings
from .store import Store

# Queries that go through a stage together, at most.
_BATCH = 512
STAGES = ("traversal", "bins", "candidates", "codes", "exact")


@dataclass(slots=True)
class Clock:
    """Seconds of the processor per stage, of all threads together."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.thread_time()
        yield
        self.add(name, time.thread_time() - start)

    def add(self, name: str, seconds: float) -> None:
        """More time of a stage."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds


class Searchable(Protocol):
    """What a search reads of an index."""

    tree: ProductTree
    quantizer: FourBitQuantizer | LineQuantizer
    store: Store


def search_all(
    index: Searchable, queries: Vectors, k: int, settings: SearchSettings, clock: Clock
) -> Found:
    """(Q, k) squared distances and ids, as `TreeIndex.search` describes; queries are checked."""
    search = _search_four_bit if index.store.blocked else _search_lines
    threads = settings.threads or os.cpu_count() or 1
    share = -(-len(queries) // threads)
    parts = list(chunks(len(queries), max(1, min(_BATCH, share))))
    threads = min(threads, len(parts))

    def one(part: slice) -> tuple[Found, Clock]:
        own = Clock()
        return search(index, queries[part], k, settings, own), own

    if threads > 1 and HAS_NUMBA:
        with ThreadPoolExecutor(threads) as pool:
            done = list(pool.map(one, parts))
    else:
        done = [one(part) for part in parts]
    for _, own in done:
        for name, seconds in own.seconds.items():
            clock.add(name, seconds)
    empty = (np.empty((0, k), np.float32), np.empty((0, k), np.int64))
    found = [result for result, _ in done] or [empty]
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def _search_four_bit(
    index: Searchable, queries: Vectors, k: int, settings: SearchSettings, clock: Clock
) -> Found:
    tree, quantizer, store = index.tree, index.quantizer, index.store
    assert isinstance(quantizer, FourBitQuantizer)
    asked = padded(queries, tree.parts * tree.leaves.shape[2])
    with clock.stage("traversal"):
        traversal = tree.traverse(asked, settings.width, tree.leaf_count)
        # Queries of one bin in a row find each other's codes and vectors in the cache.
        order = np.lexsort(traversal.leaves[:, :, 0].T)
        traversal = Traversal(traversal.leaves[order], traversal.distances[order])
        queries, asked, back = queries[order], asked[order], np.argsort(order)
    with clock.stage("bins"):
        blocks = Blocks(store.codes, store.offsets, store.count)
        proposed = propose_blocks(traversal, tree.leaf_count, blocks, settings.candidates)
    with clock.stage("codes"):
        tables, step, base = quantizer.query_tables(asked)
        wanted = max(settings.rerank, k)
        positions, filled, sums = scan_blocks(blocks, proposed, tables, wanted)
    with clock.stage("exact"):
        if settings.rerank and len(store.vectors):
            found = rank_exactly(queries, store.vectors, store.ids, (positions, filled), k)
        else:
            distances = base[:, None] + step[:, None] * sums
            found = first_k(distances, _named(store, positions, filled), k)
        return found[0][back], found[1][back]


def _search_lines(
    index: Searchable, queries: Vectors, k: int, settings: SearchSettings, clock: Clock
) -> Found:
    tree, quantizer, store = index.tree, index.quantizer, index.store
    assert isinstance(quantizer, LineQuantizer)
    asked = padded(queries, tree.parts * tree.leaves.shape[2])
    candidates = _line_candidates(tree, store, asked, settings, clock)
    with clock.stage("codes"):
        rerank = bool(settings.rerank and len(store.vectors))
        wanted = max(settings.rerank, k) if rerank else k
        tables = quantizer.query_tables(asked)
        distances, positions = rank_by_lines(tables, store.codes, candidates, wanted)
    with clock.stage("exact"):
        filled = (positions >= 0).sum(axis=1)
        if rerank:
            return rank_exactly(queries, store.vectors, store.ids, (positions, filled), k)
        return first_k(distances, _named(store, positions, filled), k)


def _line_candidates(
    tree: ProductTree, store: Store, asked: FloatArray, settings: SearchSettings, clock: Clock
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    with clock.stage("traversal"):
        traversal = tree.traverse(asked, settings.width, tree.leaf_count)
    with clock.stage("bins"):
        order = BinOrder(settings.order, settings.bins, settings.resort)
        bins, _, counts = propose_bins(traversal, tree.leaf_count, order)
    with clock.stage("candidates"):
        hashed = tree.addresses > len(store.offsets) - 1
        limit = min(settings.candidates, max(store.count, 1))
        return gather_candidates(bins, counts, store.offsets, hashed, limit)


def candidates_of(
    index: Searchable, queries: Vectors, settings: SearchSettings
) -> NDArray[np.int64]:
    """(Q, C) ids of the candidates in the order in which they are met (Lc), -1 behind the last.

    With 4-bit codes: block by block.
    """
    tree, store = index.tree, index.store
    asked = padded(queries, tree.parts * tree.leaves.shape[2])
    if not store.blocked:
        positions, filled = _line_candidates(tree, store, asked, settings, Clock())
        return _named(store, positions, filled)
    traversal = tree.traverse(asked, settings.width, tree.leaf_count)
    blocks = Blocks(store.codes, store.offsets, store.count)
    chosen, counts = propose_blocks(traversal, tree.leaf_count, blocks, settings.candidates)
    positions = chosen[:, :, None].astype(np.int64) * 32 + np.arange(32)
    positions[np.arange(chosen.shape[1]) >= counts[:, None]] = store.count
    flat = positions.reshape(len(queries), -1)
    known = flat < store.count
    return np.where(known, store.ids.astype(np.int64)[np.where(known, flat, 0)], -1)


def _named(
    store: Store, positions: NDArray[np.int64], filled: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Ids of positions, -1 behind the `filled` ones."""
    known = np.arange(positions.shape[1]) < filled[:, None]
    if not store.count:
        return np.full(positions.shape, -1, np.int64)
    return np.where(known, store.ids[np.where(known, positions, 0)].astype(np.int64), -1)
