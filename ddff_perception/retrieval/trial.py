"""An index on its owner's vectors: recall and rate from few candidates to many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import InputError
from .checks import checked_vectors, in_type
from .index import TreeIndex
from .measures import Measured, bytes_per_vector, measure
from .search.exact import Vectors, brute_force
from .settings import SearchSettings

CANDIDATES = (512, 1024, 2048, 4096, 8192, 16384, 32768)


@dataclass(frozen=True, slots=True)
class Trial:
    """`rows`: candidates, rerank and what was measured with them; `bytes` per vector by part."""

    k: int
    queries: int
    bytes: dict[str, float]
    rows: list[tuple[int, int, Measured]]

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        rows = [
            {"candidates": c, "rerank": r, "rate_hz": row.rate_hz, **asdict(row)}
            for c, r, row in self.rows
        ]
        return {"k": self.k, "queries": self.queries, "bytes": self.bytes, "rows": rows}


def try_settings(
    index: TreeIndex,
    queries: NDArray[Any] | None,
    count: int,
    k: int,
    settings: SearchSettings,
    progress: Callable[[], None] = lambda: None,
) -> Trial:
    """Searches `queries`, or `count` vectors of the index itself, with more and more candidates.

    The truth is exact. A query out of the index is taken out of it while it is searched, so that
    it does not find itself. Raises InputError where the index keeps no vectors, or too few.
    """
    vectors = index.store.vectors
    if not len(vectors):
        raise InputError("the index keeps no vectors to compare with: build it with keep_vectors")
    if queries is None:
        index, asked = _held_out(index, count)
    else:
        checked = checked_vectors(queries, index.dimensions)
        whole = in_type(checked, vectors.dtype)
        asked = checked if whole is None else whole
    if not len(asked) or len(index) < k:
        raise InputError(f"there must be a query and {k} vectors at least to find {k} neighbours")
    truth = index.store.ids[brute_force(index.store.vectors, asked, k)[1]].astype(np.int64)
    rows = []
    for candidates in CANDIDATES:
        chosen = replace(settings, candidates=candidates)
        rows.append((candidates, chosen.rerank, measure(index, asked, truth, k, chosen)))
        progress()
        if candidates >= len(index):
            break
    return Trial(k, len(asked), bytes_per_vector(index), rows)


def _held_out(index: TreeIndex, count: int) -> tuple[TreeIndex, Vectors]:
    """An index without `count` of its vectors (at most a tenth), and these."""
    count = max(1, min(count, len(index) // 10))
    places = np.sort(np.random.default_rng(0).choice(len(index), count, replace=False))
    asked = index.store.vectors[places]
    rest = TreeIndex(index.settings)
    rest.dimensions, rest.tree, rest.quantizer = index.dimensions, index.tree, index.quantizer
    gone = np.zeros(len(index), bool)
    gone[places] = True
    rest.store = index.store.without(gone)
    return rest, asked
