"""Our second code: 4 bits per few dimensions, laid out so that one shuffle looks up 32 codes.

A product quantizer with 16 centres for each of M sub-quantizers. All bins share one set of tables
per query; the tables hold whole numbers below 64 of one common scale, so that sums need no floats
and four of them fit a byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray
from ..search.compiled import HAS_NUMBA, compiled
from ..search.shuffle import BLOCK, ENTRY_LIMIT
from .kmeans import chunks, spread
from .product import ProductQuantizer

CENTRES = 16
_CHUNK = 16384
_LEARN_FROM = 16384
_TINY = 1e-30


@dataclass(frozen=True, slots=True)
class FourBitQuantizer:
    """`centres`: (M, 16, d / M) float32, M a multiple of 4."""

    centres: FloatArray

    @classmethod
    def fit(cls, vectors: FloatArray, parts: int, seed: int = 0) -> FourBitQuantizer:
        """Learns 16 centres for each of `parts` (M) parts of (n, d) float32 vectors.

        Takes 16,384 of them, spread: more moves 16 centres of few dimensions no further.
        """
        sample = spread(vectors, _LEARN_FROM)
        return cls(ProductQuantizer.fit(sample, parts, CENTRES, seed).centres)

    @property
    def parts(self) -> int:
        return int(self.centres.shape[0])

    def encode(self, vectors: FloatArray) -> NDArray[np.uint8]:
        """(n, M / 2) uint8: of two sub-quantizers, the first one's number in the low half."""
        codes = np.empty((len(vectors), self.parts // 2), np.uint8)
        quantizer = ProductQuantizer(self.centres)
        for part in chunks(len(vectors), _CHUNK):
            found = quantizer.encode(vectors[part]).astype(np.uint8)
            codes[part] = found[:, ::2] | found[:, 1::2] << 4
        return codes

    def decode(self, codes: NDArray[np.uint8]) -> FloatArray:
        """(n, d) float32 vectors that (n, M / 2) codes stand for."""
        numbers = np.stack([codes & 15, codes >> 4], axis=2).reshape(len(codes), -1)
        return ProductQuantizer(self.centres).decode(numbers)

    def query_tables(self, queries: FloatArray) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
        """What a scan of (Q, d) float32 queries looks up.

        Returns (Q, M / 4, 2, 64) uint8 tables (`search.shuffle`), and (Q,) float32 `step` and
        `base`: a code's squared distance is about base + step * the sum of its M entries.
        """
        # Centres side by side, so that the 16 distances of a sub-quantizer are made together.
        centres = np.ascontiguousarray(self.centres.transpose(0, 2, 1))
        tables = np.empty((len(queries), self.parts // 4, 2, 4 * CENTRES), np.uint8)
        step, base = np.empty((2, len(queries)), np.float32)
        (_tables if HAS_NUMBA else _tables_numpy)(queries, centres, tables, step, base)
        return tables, step, base


@compiled
def _tables(
    queries: FloatArray,
    centres: FloatArray,
    tables: NDArray[np.uint8],
    step: FloatArray,
    base: FloatArray,
) -> None:
    parts, size = centres.shape[0], centres.shape[1]
    found = np.empty((parts, CENTRES), np.float32)
    for q in range(queries.shape[0]):
        widest, total = np.float32(_TINY), np.float32(0.0)
        for part in range(parts):
            row = found[part]
            row[:] = np.float32(0.0)
            for n in range(size):
                value = queries[q, part * size + n]
                for c in range(CENTRES):
                    difference = value - centres[part, n, c]
                    row[c] += difference * difference
            least = row.min()
            total += least
            for c in range(CENTRES):
                row[c] -= least
            widest = max(widest, row.max())
        step[q] = widest / np.float32(ENTRY_LIMIT)
        base[q] = total
        scale = np.float32(ENTRY_LIMIT) / widest
        for part in range(parts):
            half = tables[q, part >> 2, part & 1]
            start = 2 * CENTRES * ((part >> 1) & 1)
            for c in range(CENTRES):
                entry = np.uint8(found[part, c] * scale + np.float32(0.5))
                half[start + c] = entry
                half[start + CENTRES + c] = entry


def _tables_numpy(
    queries: FloatArray,
    centres: FloatArray,
    tables: NDArray[np.uint8],
    step: FloatArray,
    base: FloatArray,
) -> None:
    """The same to the bit, all queries at once."""
    parts, size = centres.shape[:2]
    values = queries.reshape(len(queries), parts, size)
    found = np.zeros((len(queries), parts, CENTRES), np.float32)
    for n in range(size):
        found += (values[:, :, n, None] - centres[:, n]) ** 2
    least = found.min(axis=2)
    found -= least[:, :, None]
    base[:] = np.cumsum(least, axis=1)[:, -1]
    widest = np.maximum(found.max(axis=(1, 2)), np.float32(_TINY))
    step[:] = widest / np.float32(ENTRY_LIMIT)
    scale = np.float32(ENTRY_LIMIT) / widest
    entries = (found * scale[:, None, None] + np.float32(0.5)).astype(np.uint8)
    lanes = entries.reshape(len(queries), -1, 2, 2, CENTRES).transpose(0, 1, 3, 2, 4)
    tables[:] = np.repeat(lanes, 2, axis=3).reshape(tables.shape)


def packed(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, M / 2) codes in blocks (n / 32, M / 2, 32); the last one is filled with zeros."""
    count, width = codes.shape
    blocks = np.zeros((-(-count // BLOCK) * BLOCK, width), np.uint8)
    blocks[:count] = codes
    return np.ascontiguousarray(
        blocks.reshape(len(blocks) // BLOCK, BLOCK, width).transpose(0, 2, 1)
    )


def unpacked(blocks: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """The first `count` codes (count, M / 2) of blocks."""
    codes = blocks.transpose(0, 2, 1)
    return codes.reshape(len(blocks) * BLOCK, blocks.shape[1])[:count]
