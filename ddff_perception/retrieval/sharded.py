"""Search over many machines: Dask workers that each hold a shard, merged exactly.

A shard is an index file whose ids are its own; its `first` id makes them those of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cluster import connected, workers_of
from ..types import InputError
from .index import TreeIndex
from .search.exact import Found, merge
from .settings import SearchSettings

_OPEN_SHARDS = 64


@dataclass(frozen=True, slots=True)
class Shard:
    """`path`, which the worker that holds it can read, and what is added to its ids."""

    path: Path
    first: int = 0

    def search(self, queries: NDArray[Any], k: int, settings: SearchSettings | None) -> Found:
        """As `TreeIndex.search`, with the ids of the whole."""
        distances, ids = _opened(self.path, self.path.stat().st_mtime_ns).search(
            queries, k, settings
        )
        return distances, np.where(ids < 0, ids, ids + self.first)


def search_shards(
    shards: Sequence[Shard],
    queries: NDArray[Any],
    k: int = 10,
    settings: SearchSettings | None = None,
    scheduler: str | None = None,
) -> Found:
    """What one index of all vectors would find by the same comparisons: (Q, k) distances and ids.

    One shard after the other in this process, or by the workers of a Dask `scheduler`
    (tcp://host:8786): each shard always goes to the same worker, which keeps it open. Raises
    InputError where no scheduler answers or dask.distributed is not installed.
    """
    if not shards:
        raise InputError("there is no shard to search: give at least one index")
    if scheduler is None:
        return merge([shard.search(queries, k, settings) for shard in shards], k)
    return merge(_on_cluster(shards, queries, k, settings, scheduler), k)


def numbered(paths: Sequence[Path]) -> list[Shard]:
    """Shards whose ids count on from file to file, in this order."""
    shards, first = [], 0
    for path in paths:
        shards.append(Shard(path.resolve(), first))
        # No file comes after the last: its ids, of which there may be billions, are not looked at.
        if len(shards) < len(paths):
            ids = TreeIndex.load(path).store.ids
            first += int(ids.max()) + 1 if len(ids) else 0
    return shards


@lru_cache(_OPEN_SHARDS)
def _opened(path: Path, changed_ns: int) -> TreeIndex:
    return TreeIndex.load(path)


def _on_cluster(
    shards: Sequence[Shard],
    queries: NDArray[Any],
    k: int,
    settings: SearchSettings | None,
    address: str,
) -> list[Found]:
    with connected(address) as client:
        workers = workers_of(client)
        asked = client.scatter(queries, broadcast=True)
        futures = [
            client.submit(
                shard.search,
                asked,
                k,
                settings,
                pure=False,
                workers=[workers[number % len(workers)]],
                allow_other_workers=True,
            )
            for number, shard in enumerate(shards)
        ]
        found: list[Found] = client.gather(futures)
        return found
