"""Several indices of the same vectors, each with its coordinates in another order (digest 1.9).

Other coordinates share a part, so other neighbours share a bin; what one index misses another may
find. n indices cost n times one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..types import InputError
from .index import TreeIndex
from .search.exact import Found, merge
from .settings import IndexSettings, SearchSettings

if TYPE_CHECKING:
    from typing import Self


class PermutedIndex:
    """`count` indices, the first with the coordinates as they are; the same face as `TreeIndex`."""

    def __init__(self, count: int, settings: IndexSettings | None = None) -> None:
        if count < 1:
            raise InputError(f"there must be at least one index, not {count}")
        self.settings = settings or IndexSettings()
        self.indices = [TreeIndex(self.settings) for _ in range(count)]
        self.orders: list[NDArray[np.int64]] = []

    def __len__(self) -> int:
        return len(self.indices[0])

    def fit(self, vectors: NDArray[Any]) -> Self:
        """Draws the orders by the settings' seed and learns each index's centres."""
        random = np.random.default_rng(self.settings.seed)
        dimensions = np.shape(vectors)[-1]
        self.orders = [np.arange(dimensions)]
        self.orders += [random.permutation(dimensions) for _ in self.indices[1:]]
        for index, order in zip(self.indices, self.orders, strict=True):
            index.fit(np.asarray(vectors)[..., order])
        return self

    def add(self, vectors: NDArray[Any], ids: NDArray[Any] | None = None) -> NDArray[np.int64]:
        """Puts vectors into every index; returns their ids."""
        names = ids
        for index, order in zip(self.indices, self._drawn(), strict=True):
            names = index.add(np.asarray(vectors)[..., order], names)
        assert names is not None
        return names

    def remove(self, ids: NDArray[Any]) -> int:
        """Takes vectors out of every index; returns how many there were."""
        removed = [index.remove(ids) for index in self.indices]
        return removed[0]

    def search(
        self, queries: NDArray[Any], k: int = 10, settings: SearchSettings | None = None
    ) -> Found:
        """The `k` nearest of all that the indices find, each id once.

        Where vectors are kept their distances are exact; those to codes differ from index to
        index, and the least counts.
        """
        found = [
            index.search(np.asarray(queries)[..., order], k, settings)
            for index, order in zip(self.indices, self._drawn(), strict=True)
        ]
        return merge(found, k)

    def _drawn(self) -> list[NDArray[np.int64]]:
        if not self.orders:
            raise InputError("the index has learned nothing yet: call fit first")
        return self.orders


def expected_recall(single: float, count: int) -> float:
    """Recall of `count` indices, 1 - (1 - F)^n, as if they missed independently of each other.

    They do not (docs/retrieval.md): it is what the paper expects, and far more than two find.
    """
    return 1.0 - (1.0 - single) ** count
