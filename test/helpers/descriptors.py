"""Descriptors to find again: clusters of whole numbers, and queries near some of them."""

from __future__ import annotations

import numpy as np


def descriptors(count: int, dimensions: int = 32, seed: int = 0) -> np.ndarray:
    """(count, dimensions) uint8 around 20 centres, which depend on the dimensions alone."""
    centres = np.random.default_rng(99).uniform(40, 210, (20, dimensions))
    random = np.random.default_rng(seed)
    chosen = centres[random.integers(0, len(centres), count)]
    return np.clip(chosen + random.normal(0, 18, chosen.shape), 0, 255).astype(np.uint8)


def nearest(vectors: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """(Q, k) numbers of the vectors that lie nearest to each query, by numpy alone."""
    apart = vectors[None].astype(np.float64) - queries[:, None]
    return np.square(apart).sum(axis=2).argsort(axis=1, kind="stable")[:, :k]


def share_found(ids: np.ndarray, truth: np.ndarray) -> float:
    """How many of the true neighbours are among those found, 0..1."""
    hits = [len(np.intersect1d(a, b)) for a, b in zip(ids, truth, strict=True)]
    return float(np.sum(hits) / truth.size)
