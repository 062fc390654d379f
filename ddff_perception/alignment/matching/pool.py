"""Many videos to one reference: which have anything in common is asked of an index, not of pairs.

All pairs of videos cost O(n²) matrices; each frame's nearest ones of a tree index cost O(n log n).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...retrieval.index import TreeIndex
from ...retrieval.search.exact import Found, brute_force
from ...types import FloatArray
from .alignment import COARSE_HZ
from .tours import period_s

NEAREST = 8
_SMALLEST_INDEXED = 4096
_BINS_S = 10.0
_VOTES = 3


class Places:
    """The frames (n, d) of all that was recorded, to be asked for those like a new one.

    Few are compared exactly, many by a `retrieval.index.TreeIndex`.
    """

    def __init__(self, frames: FloatArray) -> None:
        self._frames = np.ascontiguousarray(frames, np.float32)
        self._index: TreeIndex | None = None
        if len(frames) >= _SMALLEST_INDEXED:
            self._index = TreeIndex().fit(self._frames)
            self._index.add(self._frames)

    def nearest(self, queries: FloatArray, k: int = NEAREST) -> Found:
        """(Q, k) squared distances, ascending, and frame numbers; inf and -1 fill the rows."""
        if self._index is None:
            return brute_force(self._frames, np.asarray(queries, np.float32), k)
        return self._index.search(queries, k)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two videos of a pool that may show one route: their numbers, and the share of the first one's
    frames whose nearest ones in the second lie in a line of time.
    """

    first: int
    second: int
    share: float


def propose_pairs(
    videos: Sequence[FloatArray], times_s: Sequence[NDArray[np.float64]], least: float = 0.2
) -> list[Proposal]:
    """The pairs of a pool of videos, each (n, d) unit descriptors, that are worth a cost matrix:
    the likeliest first.

    Each frame votes for the videos of its nearest few, by the difference of their times, in steps
    of ten seconds; a pair's share is its best two such steps side by side. Videos are thinned to
    `COARSE_HZ`: of more, a frame's nearest ones would all be its neighbours in its own video.
    """
    thinned = [slice(None, None, _coarse_step(t)) for t in times_s]
    videos = [video[few] for video, few in zip(videos, thinned, strict=True)]
    times_s = [t[few] for t, few in zip(times_s, thinned, strict=True)]
    owner = np.repeat(np.arange(len(videos)), [len(video) for video in videos])
    clock = np.concatenate([np.asarray(t, np.float64) for t in times_s])
    places = Places(np.concatenate(list(videos)))
    shares: dict[tuple[int, int], float] = {}
    for number, video in enumerate(videos):
        # More than are wanted: a frame's nearest ones are its own video's.
        _, found = places.nearest(video, min(len(owner), 8 * NEAREST))
        rows = np.repeat(np.arange(len(video)), found.shape[1])
        ids = found.ravel()
        foreign = (ids >= 0) & (owner[ids] != number)
        # The first few of each frame's: they come in the order of their distance.
        count = np.cumsum(foreign.reshape(found.shape), axis=1).ravel()
        foreign &= count <= _VOTES
        rows, ids = rows[foreign], ids[foreign]
        lag = np.round((clock[ids] - np.asarray(times_s[number])[rows]) / _BINS_S).astype(np.int64)
        for other in np.unique(owner[ids]):
            own = owner[ids] == other
            votes = {
                step: set(rows[own][lag[own] == step].tolist()) for step in np.unique(lag[own])
            }
            best = max(len(votes[s] | votes.get(s + 1, set())) for s in votes)
            pair = (min(number, int(other)), max(number, int(other)))
            shares[pair] = max(shares.get(pair, 0.0), best / len(video))
    found_pairs = [Proposal(*pair, share) for pair, share in shares.items() if share >= least]
    return sorted(found_pairs, key=lambda proposal: -proposal.share)


def _coarse_step(times_s: NDArray[np.float64]) -> int:
    return max(1, round(1 / COARSE_HZ / period_s(times_s))) if len(times_s) > 1 else 1


def classes_of(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The videos 0 .. `count` in classes: "share a tour" taken as transitive (section 4.3.2), so
    that X with V and V with Y puts X beside Y.
    """
    parent = list(range(count))

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number] = parent[parent[number]]
        return number

    for first, second in pairs:
        parent[root(first)] = root(second)
    found: dict[int, list[int]] = {}
    for number in range(count):
        found.setdefault(root(number), []).append(number)
    return list(found.values())
