"""How good and how large an index is: recall, candidates, stages, occupancy, error, bytes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .checks import checked_vectors, padded
from .index import TreeIndex
from .search.exact import Vectors, without_own
from .searching import Clock, candidates_of
from .settings import SearchSettings

Ids = NDArray[np.integer]


def recall_at(ids: Ids, truth: Ids, k: int) -> float:
    """R@k: share of the queries whose true nearest neighbour is among the first `k` found.

    `ids` (Q, >= k), `truth` (Q, any) with the nearest first.
    """
    return float((ids[:, :k] == truth[:, :1]).any(axis=1).mean())


def recall_of(ids: Ids, truth: Ids, k: int) -> float:
    """recall@k: share of the true `k` nearest among the first `k` found."""
    hits = (ids[:, :k, None] == truth[:, None, :k]).any(axis=1)
    return float(hits.mean())


def recall_by_candidates(
    index: TreeIndex,
    queries: Vectors,
    truth: Ids,
    lengths: Sequence[int],
    settings: SearchSettings,
) -> dict[int, float]:
    """Share of the queries whose true nearest is among the first candidates (Lc), by how many."""
    found = candidates_of(index, checked_vectors(queries, index.dimensions), settings)
    return {length: recall_at(found, truth, length) for length in lengths}


def occupancy(offsets: NDArray[np.int64]) -> dict[int, int]:
    """How many bins hold up to so many vectors, by powers of two: n counts n / 2 + 1 .. n.

    0 counts the empty ones. (The table of digest 1.7; erratum 2: at most 1e8 slots there.)
    """
    counts = np.bincount(np.diff(offsets))
    found = {0: int(counts[0])}
    upper = 1
    while upper // 2 + 1 < len(counts) or upper == 1:
        found[upper] = int(counts[upper // 2 + 1 : upper + 1].sum())
        upper *= 2
    return found


def distortion(index: TreeIndex, vectors: Vectors) -> dict[str, float]:
    """Least, greatest and mean squared distance of vectors to what their codes stand for."""
    numbers = padded(checked_vectors(vectors, index.dimensions), index.width(index.dimensions))
    points = index.quantizer.decode(index.quantizer.encode(numbers))
    error = ((points - numbers) ** 2).sum(axis=1)
    return {"min": float(error.min()), "max": float(error.max()), "mean": float(error.mean())}


def bytes_per_vector(index: TreeIndex) -> dict[str, float]:
    """Bytes of the file per vector: codes, ids, vectors, and a share of what all have in common."""
    count = max(1, len(index))
    arrays = index.arrays()
    own = {name: arrays[name].nbytes / count for name in ("codes", "ids", "vectors")}
    shared = sum(a.nbytes for name, a in arrays.items() if name not in own)
    return {**own, "shared": shared / count, "all": sum(own.values()) + shared / count}


@dataclass(frozen=True, slots=True)
class Measured:
    """One search of many queries. `recall`: the true `k` nearest; `first`: R@1, R@10, R@100 as far
    as `k` goes; `us`: microseconds per query by the clock, `processor_us` of all cores together;
    `shares`: of each stage, 0..1.
    """

    k: int
    recall: float
    first: Mapping[int, float]
    us: float
    processor_us: float
    shares: Mapping[str, float]

    @property
    def rate_hz(self) -> float:
        """Queries per second."""
        return 1e6 / self.us


def measure(
    index: TreeIndex,
    queries: Vectors,
    truth: Ids,
    k: int,
    settings: SearchSettings,
    repeats: int = 1,
    own: Ids | None = None,
) -> Measured:
    """Searches all queries and compares with the truth (Q, >= k); of `repeats` the fastest.

    `own` (Q,): ids of queries that are in the index, which are not to find themselves.
    """
    asked = k if own is None else k + 1
    index.search(queries[:2], asked, settings)  # compiles, and reads what is mapped
    best: tuple[float, float, Clock] | None = None
    for _ in range(repeats):
        clock, wall, processor = Clock(), time.perf_counter(), time.process_time()
        found = index.search(queries, asked, settings, clock)
        spent = (time.perf_counter() - wall, time.process_time() - processor, clock)
        best = spent if best is None or spent[:2] < best[:2] else best
    assert best is not None
    ids = (found if own is None else without_own(found, own, k))[1]
    total = sum(best[2].seconds.values())
    return Measured(
        k,
        recall_of(ids, truth, k),
        {n: recall_at(ids, truth, n) for n in (1, 10, 100) if n <= k},
        1e6 * best[0] / len(queries),
        1e6 * best[1] / len(queries),
        {name: seconds / total for name, seconds in best[2].seconds.items()},
    )
