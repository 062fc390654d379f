"""Large images in tiles that share a border, over which one fades into the other: no seams."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..types import FloatArray

OVERLAP = 64


def tile_slices(length: int, largest: int, overlap: int = OVERLAP) -> list[slice]:
    """Slices of at most `largest` that cover `length` evenly and share `overlap` pixels or more."""
    if length <= largest:
        return [slice(0, length)]
    count = -(-(length - overlap) // (largest - overlap))
    starts = np.rint(np.linspace(0, length - largest, count)).astype(int)
    return [slice(int(start), int(start) + largest) for start in starts]


def in_tiles(
    work: Callable[[slice, slice], FloatArray],
    size: tuple[int, int],
    largest: int,
    overlap: int = OVERLAP,
) -> FloatArray:
    """What `work` makes of the rows and columns of each tile (... x h x w), as one ... x H x W.

    `size`: H and W. Where one tile holds all, it is what `work` gives.
    """
    height, width = size
    if max(size) <= largest:
        return work(slice(0, height), slice(0, width))
    total: FloatArray | None = None
    weights = np.zeros(size, np.float32)
    for rows in tile_slices(height, largest, overlap):
        for columns in tile_slices(width, largest, overlap):
            weight = np.outer(_fade(rows, height, overlap), _fade(columns, width, overlap))
            part = work(rows, columns)
            if total is None:
                total = np.zeros((*part.shape[:-2], height, width), np.float32)
            total[..., rows, columns] += weight * part
            weights[rows, columns] += weight
    assert total is not None
    total /= weights
    return total


def _fade(part: slice, length: int, overlap: int) -> FloatArray:
    """Weights that rise from the borders of a tile, but not from those of the image."""
    size = part.stop - part.start
    ramp = np.minimum(np.arange(1, size + 1, dtype=np.float32) / overlap, 1)
    weight = np.ones(size, np.float32)
    if part.start > 0:
        weight *= ramp
    if part.stop < length:
        weight *= ramp[::-1]
    return weight
