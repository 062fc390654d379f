"""The cheapest way through a grid of costs that goes back in neither video."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray

Path = NDArray[np.int64]
"""Nodes (length, 2): row (frame of the reference) and column (frame of the query), in order."""

Totals = NDArray[np.float64]


def next_column(before: Totals, costs: FloatArray, fade: float = 1.0) -> Totals:
    """Totals (n,) of one column from those of the column before it.

    c~(i,j) = c(i,j) + min(c~(i-1,j), c~(i-1,j-1), c~(i,j-1)): section 4.3, step 2; the printed
    recurrence lacks the first term. What came before counts `fade`. The chain down a column is a
    running minimum, once the column's own sums are taken off: no loop.
    """
    entered = np.minimum(before, np.concatenate([[np.inf], before[:-1]])) * fade
    return _down(entered, costs)


def first_column(costs: FloatArray, start: int | None = None) -> Totals:
    """Totals (n,) of the first column: entered at any row at no cost (the artificial node of
    section 4.3, step 3), or at the row `start`.
    """
    entered = np.zeros(len(costs))
    if start is not None:
        entered[:] = np.inf
        entered[start] = 0.0
    return _down(entered, costs)


def accumulated(costs: FloatArray, start: int | None = None) -> Totals:
    """Totals (n, m): what the cheapest path to each node costs, that node included."""
    columns = np.ascontiguousarray(costs.T)
    totals = np.empty(columns.shape)
    totals[0] = first_column(columns[0], start)
    for number in range(1, len(columns)):
        totals[number] = next_column(totals[number - 1], columns[number])
    return totals.T


def backtracked(totals: Totals, row: int, start: int | None = None) -> Path:
    """The path that ends in the last column of totals (n, m) at `row`, and begins in the first one
    at `start`; where that is None, wherever it enters it.
    """
    column = totals.shape[1] - 1
    nodes = [(row, column)]
    while column > 0 or (start is not None and row > start):
        row, column = _before(totals, row, column)
        nodes.append((row, column))
    return np.array(nodes[::-1], np.int64)


def shortest_path(costs: FloatArray, start: int | None = None, end: int | None = None) -> Path:
    """The cheapest path (length, 2) from the first to the last column of `costs` (n, m).

    It enters at the row `start` and leaves at `end`; where these are None, at any.
    """
    totals = accumulated(costs, start)
    return backtracked(totals, int(np.argmin(totals[:, -1])) if end is None else end, start)


def rows_by_column(path: Path, columns: int) -> FloatArray:
    """The path's row per column (columns,): the middle where it has several, NaN where none."""
    count = np.bincount(path[:, 1], minlength=columns)[:columns]
    total = np.bincount(path[:, 1], path[:, 0], minlength=columns)[:columns]
    with np.errstate(invalid="ignore"):
        return np.asarray(total / np.where(count, count, np.nan), np.float32)


def _down(entered: Totals, costs: FloatArray) -> Totals:
    sums = np.cumsum(costs, dtype=np.float64)
    return np.asarray(np.minimum.accumulate(entered - (sums - costs)) + sums)


def _before(totals: Totals, row: int, column: int) -> tuple[int, int]:
    """The node before this one: the cheapest of three, the diagonal one where they are equal."""
    options = [(r, c) for r, c in ((row - 1, column - 1), (row, column - 1), (row - 1, column))]
    inside = [(r, c) for r, c in options if r >= 0 and c >= 0]
    return min(inside, key=lambda node: float(totals[node]))
