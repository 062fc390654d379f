"""Line quantization: a vector's part as a point on a line through two centres (digest 1.5).

No training and no second codebook: the centres are the tree's roots, cut into as many parts as
the codes have. Per part a code holds the pair of centres (i, j) and the position on their line,
x ~ (1 - lambda) c_i + lambda c_j, two bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, InputError
from ..search.compiled import HAS_NUMBA, compiled
from .kmeans import chunks

_PAIR_LIMIT = 256
_CHUNK = 1024
# Positions on the line that the byte spans: beyond it lie 2 in 1,000 of real descriptors' parts.
LOW, HIGH = -1.0, 2.0
STEP = (HIGH - LOW) / 255


@dataclass(frozen=True, slots=True)
class LineQuantizer:
    """`centres`: (line parts, k1, d / line parts) float32, those of the tree, cut."""

    centres: FloatArray

    @classmethod
    def of_roots(cls, roots: FloatArray, parts: int) -> LineQuantizer:
        """`parts` line parts (P_line) out of a tree's (p, k1, s) roots.

        Raises InputError where they do not divide the roots' parts, or a byte cannot tell the
        pairs of centres apart.
        """
        tree_parts, clusters, size = roots.shape
        if parts % tree_parts or (tree_parts * size) % parts:
            raise InputError(
                f"line_parts {parts} must be a multiple of parts {tree_parts} and divide "
                f"{tree_parts * size} dimensions"
            )
        if not clusters >= 2 or clusters * (clusters - 1) // 2 > _PAIR_LIMIT:
            raise InputError(f"line codes need 2 to 23 clusters per part, not {clusters}")
        cut = roots.reshape(tree_parts, clusters, parts // tree_parts, -1)
        return cls(np.ascontiguousarray(cut.transpose(0, 2, 1, 3)).reshape(parts, clusters, -1))

    @property
    def parts(self) -> int:
        return int(self.centres.shape[0])

    @property
    def pairs(self) -> NDArray[np.int64]:
        """(pairs, 2) centres i < j that a code's byte counts."""
        return np.stack(np.triu_indices(self.centres.shape[1], 1), axis=1)

    def side_tables(self) -> FloatArray:
        """(parts, k1, k1) float32 squared distances between the centres of each part (c2)."""
        difference = self.centres[:, :, None] - self.centres[:, None]
        found: FloatArray = np.einsum("pijd,pijd->pij", difference, difference)
        return found

    def distances(self, vectors: FloatArray) -> FloatArray:
        """(n, parts, k1) float32 squared distances to the centres of each part.

        Their sums over the parts of a tree's part are what its traversal computes anyway.
        """
        parts = np.ascontiguousarray(vectors.reshape(len(vectors), self.parts, -1))
        found = np.matmul(parts.transpose(1, 0, 2), -2.0 * self.centres.transpose(0, 2, 1))
        found += np.einsum("pkd,pkd->pk", self.centres, self.centres)[:, None]
        found += np.einsum("npd,npd->pn", parts, parts)[:, :, None]
        return np.ascontiguousarray(np.maximum(found, 0.0, out=found).transpose(1, 0, 2))

    def encode(self, vectors: FloatArray) -> NDArray[np.uint8]:
        """(n, 2 * parts) uint8: position and pair per part, the nearest after rounding.

        Position 0 stands for lambda = -1, 255 for 2.
        """
        codes = np.empty((len(vectors), 2 * self.parts), np.uint8)
        sides, pairs = self.side_tables(), self.pairs
        encode = _encode if HAS_NUMBA else _encode_numpy
        for part in chunks(len(vectors), _CHUNK):
            encode(self.distances(vectors[part]), sides, pairs, codes[part])
        return codes

    def decode(self, codes: NDArray[np.uint8]) -> FloatArray:
        """(n, d) float32 points on the lines that (n, 2 * parts) codes stand for."""
        position = (LOW + STEP * codes[:, ::2].astype(np.float32))[:, :, None]
        pairs, number = self.pairs[codes[:, 1::2]], np.arange(self.parts)
        first, second = (self.centres[number, pairs[:, :, side]] for side in (0, 1))
        points: FloatArray = (first + position * (second - first)).astype(np.float32)
        return np.reshape(points, (len(codes), -1))

    def query_tables(self, queries: FloatArray) -> FloatArray:
        """(Q, parts, pairs, 3) float32 per query: b2, a2 - b2 - c2 and c2 of each pair.

        The squared distance to a code's point is b2 + lambda^2 c2 + lambda (a2 - b2 - c2), with
        a2, b2 the query's to c_j, c_i and c2 theirs to each other (digest 1.5).
        """
        first, second = self.pairs.T
        found = self.distances(queries)
        sides = self.side_tables()[:, first, second]
        tables = np.empty((*found.shape[:2], len(first), 3), np.float32)
        tables[..., 0] = found[:, :, first]
        tables[..., 1] = found[:, :, second] - tables[..., 0] - sides
        tables[..., 2] = sides
        return tables


@compiled
def _encode(
    distances: FloatArray, sides: FloatArray, pairs: NDArray[np.int64], codes: NDArray[np.uint8]
) -> None:
    """Every pair of every part: (n, parts, k1) distances to (n, 2 * parts) codes."""
    for n in range(distances.shape[0]):
        for part in range(distances.shape[1]):
            best = np.float32(np.inf)
            for pair in range(pairs.shape[0]):
                i, j = pairs[pair, 0], pairs[pair, 1]
                c2 = sides[part, i, j]
                if c2 <= 0:
                    continue
                b2 = distances[n, part, i]
                slope = distances[n, part, j] - b2 - c2
                place = np.float32((-0.5 * slope / c2 - LOW) / STEP)
                step = np.rint(min(max(place, np.float32(0.0)), np.float32(255.0)))
                position = np.float32(LOW + STEP * step)
                error = b2 + position * (position * c2 + slope)
                if error < best:
                    best = error
                    codes[n, 2 * part] = np.uint8(step)
                    codes[n, 2 * part + 1] = np.uint8(pair)
            if best == np.float32(np.inf):  # all centres in one place
                codes[n, 2 * part] = 0
                codes[n, 2 * part + 1] = 0


def _encode_numpy(
    distances: FloatArray, sides: FloatArray, pairs: NDArray[np.int64], codes: NDArray[np.uint8]
) -> None:
    """The same, all pairs at once."""
    first, second = pairs.T
    c2 = sides[:, first, second]
    b2 = distances[:, :, first]
    slope = distances[:, :, second] - b2 - c2
    with np.errstate(divide="ignore", invalid="ignore"):
        place = np.nan_to_num((-0.5 * slope / c2 - LOW) / STEP)
    step = np.rint(np.clip(place, 0.0, 255.0))
    position = (LOW + STEP * step).astype(np.float32)
    error = np.where(c2 > 0, b2 + position * (position * c2 + slope), np.inf)
    best = error.argmin(axis=2)
    codes[:, ::2] = np.take_along_axis(step, best[:, :, None], 2)[:, :, 0]
    codes[:, 1::2] = best
