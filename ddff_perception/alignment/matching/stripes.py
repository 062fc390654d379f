"""Paths through overlapping stripes of a cost matrix, trimmed and joined."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ...types import FloatArray
from .grid import rows_by_column, shortest_path

Range = tuple[int, int]


def stripe_ranges(columns: int, length: int, overlap: int) -> list[tuple[Range, Range]]:
    """Columns of each stripe, and those of it that count: overlaps are halved between neighbours,
    since paths drift near borders.
    """
    overlap = min(overlap, length - 1)
    count = max(1, -(-(columns - overlap) // (length - overlap)))
    starts = [number * (length - overlap) for number in range(count)]
    stops = [min(start + length, columns) for start in starts]
    borders = [0, *((a + b) // 2 for a, b in zip(starts[1:], stops[:-1], strict=True)), columns]
    kept = pairwise(borders)
    return [((a, b), own) for a, b, own in zip(starts, stops, kept, strict=True)]


def stripe_rows(costs: FloatArray, length: int, overlap: int, join: float) -> FloatArray:
    """The row of `costs` (n, m) per column (m,) on the cheapest path through its stripe; NaN in
    stripes whose path is farther than `join` rows from those of all neighbours (section 4.3).
    """
    ranges = stripe_ranges(costs.shape[1], length, overlap)
    rows = np.full(costs.shape[1], np.nan, np.float32)
    for (first, last), (begin, end) in ranges:
        found = rows_by_column(shortest_path(costs[:, first:last]), last - first)
        rows[begin:end] = found[begin - first : end - first]
    borders = [end for _, (_, end) in ranges[:-1]]
    joined = [bool(abs(rows[b] - rows[b - 1]) <= join + 1) for b in borders]
    for number, (_, (begin, end)) in enumerate(ranges):
        if borders and not any(joined[max(number - 1, 0) : number + 1]):
            rows[begin:end] = np.nan
    return rows


def runs(kept: np.ndarray) -> Iterator[Range]:
    """First and last + 1 of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], kept.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
