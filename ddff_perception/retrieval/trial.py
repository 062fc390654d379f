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
from .search.exact import brute_force, without_own
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

    The truth is exact. A query out of the index does not count as its own neighbour. An index that
    is mapped from its file stays there. Raises InputError where it keeps no vectors, or too few.
    """
    vectors = index.store.vectors
    if not len(vectors):
        raise InputError("the index keeps no vectors to compare with: build it with keep_vectors")
    own = None
    if queries is None:
        places = _drawn(len(index), count)
        asked, own = vectors[places], index.store.ids[places]
    else:
        checked = checked_vectors(queries, index.dimensions)
        whole = in_type(checked, vectors.dtype)
        asked = checked if whole is None else whole
    others = k if own is None else k + 1
    if not len(asked) or len(index) < others:
        raise InputError(
            f"there must be a query and {others} vectors at least to find {k} neighbours"
        )
    distances, positions = brute_force(vectors, asked, others)
    truth = index.store.ids[positions].astype(np.int64)
    if own is not None:
        truth = without_own((distances, truth), own, k)[1]
    rows = []
    for candidates in CANDIDATES:
        chosen = replace(settings, candidates=candidates)
        found = measure(index, asked, truth, k, chosen, own=own)
        rows.append((candidates, chosen.rerank, found))
        progress()
        if candidates >= len(index):
            break
    return Trial(k, len(asked), bytes_per_vector(index), rows)


def _drawn(count: int, wanted: int) -> NDArray[np.int64]:
    """`wanted` positions of `count`, at most a tenth."""
    wanted = max(1, min(wanted, count // 10))
    return np.sort(np.random.default_rng(0).choice(count, wanted, replace=False))
