"""The product quantization tree: two levels of centres per part, bins as mixed-radix numbers.

Wieschollek et al., "Efficient Large-Scale Approximate Nearest Neighbor Search on the GPU"
(CVPR 2016); digest 1.3 and 1.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, InputError
from .kmeans import chunks, kmeans, nearest, squared_distances

_CHUNK = 4096
# Multiplications of a matrix product that OpenBLAS does without waking its other threads, which go
# on spinning for a while after each: searches share out the cores by themselves.
_ALONE = 2**18
_ADDRESS_LIMIT = 2**63


class Traversal(NamedTuple):
    """What queries found in the tree, per part.

    `leaves`: (Q, parts, L) int32 leaves by distance; `distances`: (Q, parts, L) float32, theirs,
    squared.
    """

    leaves: NDArray[np.int32]
    distances: FloatArray


@dataclass(frozen=True, slots=True)
class ProductTree:
    """`roots`: (parts, k1, s) float32; `leaves`: (parts, k1 * k2, s) float32, s = d / parts.

    Leaf l of a part is child l % k2 of its root l // k2.
    """

    roots: FloatArray
    leaves: FloatArray

    def __post_init__(self) -> None:
        if self.addresses > _ADDRESS_LIMIT:
            raise InputError(
                f"{self.leaf_count} leaves in {self.parts} parts are more bins than a 63-bit "
                "number can count: choose fewer clusters, children or parts"
            )

    @classmethod
    def fit(
        cls, vectors: FloatArray, parts: int, clusters: int, children: int, seed: int = 0
    ) -> ProductTree:
        """Learns `clusters` (k1) roots per part of (n, d) vectors, and of each `children` (k2)."""
        roots, leaves = [], []
        for number, part in enumerate(np.split(vectors, parts, axis=1)):
            part = np.ascontiguousarray(part)
            roots.append(kmeans(part, clusters, seed + number))
            index = nearest(part, roots[-1])[0]
            leaves += [
                _children(part[index == root], centre, children, seed + number)
                for root, centre in enumerate(roots[-1])
            ]
        size = vectors.shape[1] // parts
        return cls(np.stack(roots), np.concatenate(leaves).reshape(parts, -1, size))

    @property
    def parts(self) -> int:
        return int(self.leaves.shape[0])

    @property
    def leaf_count(self) -> int:
        """k1 * k2: leaves per part."""
        return int(self.leaves.shape[1])

    @property
    def addresses(self) -> int:
        """(k1 * k2) ** parts: bins that can be told apart."""
        return int(self.leaf_count**self.parts)

    def traverse(self, vectors: FloatArray, width: int, depth: int) -> Traversal:
        """The nearest `depth` leaves per part among the children of the `width` (w) best roots.

        The method needs k1 + w * k2 distances per part (digest 1.4); a batch computes those to
        all leaves in products and leaves out the others, which gives the same and is faster.
        """
        clusters = self.roots.shape[1]
        width = min(width, clusters)
        depth = min(depth, width * (self.leaf_count // clusters))
        shape = (len(vectors), self.parts, depth)
        leaves, distances = np.empty(shape, np.int32), np.empty(shape, np.float32)
        for number, part in enumerate(self.split(vectors)):
            found = np.empty((len(part), self.leaf_count), np.float32)
            for few in chunks(len(part), max(1, _ALONE // self.leaves[number].size)):
                found[few] = squared_distances(part[few], self.leaves[number])
            if width < clusters:
                _forget_other_roots(found, squared_distances(part, self.roots[number]), width)
            order = np.argsort(found, axis=1)[:, :depth]
            leaves[:, number] = order
            distances[:, number] = np.take_along_axis(found, order, 1)
        return Traversal(leaves, distances)

    def assign(self, vectors: FloatArray, width: int) -> NDArray[np.int32]:
        """(n, parts) leaf per part that `traverse` finds first."""
        found = np.empty((len(vectors), self.parts), np.int32)
        for part in chunks(len(vectors), _CHUNK):
            found[part] = self.traverse(vectors[part], width, 1).leaves[:, :, 0]
        return found

    def addresses_of(self, leaves: NDArray[np.int32]) -> NDArray[np.int64]:
        """Bin of (n, parts) leaves: their mixed-radix number, the first part counting least."""
        radix = np.array([self.leaf_count**part for part in range(self.parts)], np.int64)
        return leaves.astype(np.int64) @ radix

    def split(self, vectors: FloatArray) -> Sequence[FloatArray]:
        """The parts of (n, d) vectors."""
        return [np.ascontiguousarray(part) for part in np.split(vectors, self.parts, axis=1)]


def _children(vectors: FloatArray, centre: FloatArray, count: int, seed: int) -> FloatArray:
    """Centres within one cluster; where it has few vectors, these and copies of its own centre."""
    if len(vectors) >= count:
        return kmeans(vectors, count, seed)
    return np.concatenate([vectors, np.repeat(centre[None], count - len(vectors), axis=0)])


def _forget_other_roots(leaves: FloatArray, roots: FloatArray, width: int) -> None:
    """Makes the leaves of all but each row's `width` nearest roots infinitely far."""
    order = np.argsort(roots, axis=1, kind="stable")
    others = np.ones(roots.shape, bool)
    np.put_along_axis(others, order[:, :width], False, axis=1)
    leaves[np.repeat(others, leaves.shape[1] // roots.shape[1], axis=1)] = np.inf
