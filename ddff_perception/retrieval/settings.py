"""What an index is made of, and how it is searched."""

from __future__ import annotations

from dataclasses import dataclass

from ..parameters import Settings, parameter
from .search.orders import ANISOTROPIC, ORDERS

FOUR_BIT, LINES = "four_bit", "lines"
CODES = (FOUR_BIT, LINES)


@dataclass(frozen=True)
class IndexSettings(Settings):
    """What is decided when an index is made."""

    codes: str = parameter(
        FOUR_BIT, "what a vector is kept as for the first ranking", choices=CODES
    )
    parts: int = parameter(2, "parts of the tree; four_bit wants 2", limits=(1, 8))
    clusters: int = parameter(16, "centres per part, k1", limits=(2, 256))
    children: int = parameter(8, "centres below each of them, k2", limits=(1, 256))
    slots: int = parameter(
        1 << 22,
        "bins that are told apart at most, others share by modulo, with line codes",
        limits=(1, 1 << 30),
    )
    line_parts: int = parameter(32, "parts of a line code, 2 bytes each", limits=(1, 1024))
    dimensions_per_code: int = parameter(
        4, "dimensions that share 4 bits", "dimensions", limits=(1, 64)
    )
    keep_vectors: bool = parameter(True, "keep the vectors themselves for exact re-ranking")
    learn_from: int = parameter(
        100_000, "vectors that the centres are learned from", "vectors", limits=(16, 10_000_000)
    )
    seed: int = parameter(0, "of the draws of the first centres", limits=(0, 2**31))


@dataclass(frozen=True)
class SearchSettings(Settings):
    """What is decided for each search."""

    width: int = parameter(
        256, "level-1 centres per part whose children are looked at, w", limits=(1, 256)
    )
    candidates: int = parameter(
        16384, "vectors whose codes are compared", "vectors", limits=(1, 1 << 20)
    )
    rerank: int = parameter(
        200, "vectors compared exactly after that; 0 ranks by codes alone", "vectors", (0, 1 << 16)
    )
    order: str = parameter(ANISOTROPIC, "order of the bins, with line codes", choices=ORDERS)
    bins: int = parameter(
        4096, "bins that are looked into at most, with line codes", "bins", limits=(1, 1 << 20)
    )
    resort: bool = parameter(False, "sort the bins by their real distance, with line codes")
    threads: int = parameter(0, "queries at a time; 0 takes every core", limits=(0, 1024))
