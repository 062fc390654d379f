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
from ..search.shuffle import BLOCK, ENTRY_LIMIT
from .kmeans import chunks
from .product import ProductQuantizer

CENTRES = 16
_CHUNK = 16384


@dataclass(frozen=True, slots=True)
class FourBitQuantizer:
    """`centres`: (M, 16, d / M) float32, M a multiple of 4."""

    centres: FloatArray

    @classmethod
    def fit(cls, vectors: FloatArray, parts: int, seed: int = 0) -> FourBitQuantizer:
        """Learns 16 centres for each of `parts` (M) parts of (n, d) float32 vectors."""
        return cls(ProductQuantizer.fit(vectors, parts, CENTRES, seed).centres)

    @property
    def parts(self) -> int:
        return int(self.centres.shape[0])

    def encode(self, vectors: FloatArray) -> NDArray[np.uint8]:
        """(n, M / 2) uint8: an even sub-quantizer's number in the low half, the next in the high."""
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
        parts = np.ascontiguousarray(queries.reshape(len(queries), self.parts, -1))
        found = np.matmul(parts.transpose(1, 0, 2), -2.0 * self.centres.transpose(0, 2, 1))
        found += np.einsum("mkd,mkd->mk", self.centres, self.centres)[:, None]
        found += np.einsum("qmd,qmd->mq", parts, parts)[:, :, None]
        least = found.min(axis=2, keepdims=True)
        found -= least
        # The widest table sets the scale; what is further than that is far enough.
        step = np.maximum(found.max(axis=2).max(axis=0), 1e-30) / ENTRY_LIMIT
        entries = np.rint(found / step[:, None]).astype(np.uint8).transpose(1, 0, 2)
        lanes = entries.reshape(len(queries), self.parts // 4, 2, 2, CENTRES)
        tables = np.repeat(lanes.transpose(0, 1, 3, 2, 4), 2, axis=3)
        base = least.sum(axis=(0, 2))
        return np.ascontiguousarray(tables).reshape(len(queries), -1, 2, 64), step, base


def packed(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, M / 2) codes in blocks (n / 32, M / 2, 32); the last one is filled with zeros."""
    count, width = codes.shape
    blocks = np.zeros((-(-count // BLOCK) * BLOCK, width), np.uint8)
    blocks[:count] = codes
    return np.ascontiguousarray(blocks.reshape(-1, BLOCK, width).transpose(0, 2, 1))


def unpacked(blocks: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """The first `count` codes (count, M / 2) of blocks."""
    return blocks.transpose(0, 2, 1).reshape(-1, blocks.shape[1])[:count]
