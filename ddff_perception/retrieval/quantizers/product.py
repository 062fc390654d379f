"""The product quantizer: parts of a vector, each with its own centres (digest 1.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray
from .kmeans import kmeans, nearest


@dataclass(frozen=True, slots=True)
class ProductQuantizer:
    """`centres`: (parts, k, d / parts) float32."""

    centres: FloatArray

    @classmethod
    def fit(cls, vectors: FloatArray, parts: int, k: int, seed: int = 0) -> ProductQuantizer:
        """Learns `k` centres for each of `parts` equal parts of (n, d) float32 vectors."""
        return cls(
            np.stack(
                [
                    kmeans(np.ascontiguousarray(part), k, seed + number)
                    for number, part in enumerate(np.split(vectors, parts, axis=1))
                ]
            )
        )

    @property
    def parts(self) -> int:
        return int(self.centres.shape[0])

    def encode(self, vectors: FloatArray) -> NDArray[np.int32]:
        """(n, parts) index of the nearest centre per part."""
        parts = np.split(vectors, self.parts, axis=1)
        found = [
            nearest(np.ascontiguousarray(part), centres)[0]
            for part, centres in zip(parts, self.centres, strict=True)
        ]
        return np.stack(found, axis=1)

    def decode(self, codes: NDArray[np.integer]) -> FloatArray:
        """(n, d) float32 vectors that (n, parts) codes stand for."""
        number = np.arange(self.parts)
        found: FloatArray = self.centres[number, codes].reshape(len(codes), -1)
        return found


def addressable_bins(k: int, parts: int) -> int:
    """K ** parts: what `parts` indices of `k` centres can tell apart (digest table 1.2)."""
    return int(k**parts)
