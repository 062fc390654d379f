"""From a tour of every n-th frame to one of all frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray
from .costs import cost_matrix, excess
from .grid import rows_by_column, shortest_path

BOX_S = 10.0
MARGIN_S = 1.5


def refined_rows(
    reference: FloatArray,
    query: FloatArray,
    guess: FloatArray,
    row_s: float,
    column_s: float,
) -> FloatArray:
    """Rows (m,) of all reference frames (n, d) for all query frames (m, d), near a `guess` (m,) of
    them (NaN: no match there, and none found): section 4.3.4.

    The tour is cut into boxes of equal length; costs are computed in these alone, `MARGIN_S` wider
    on every side, and the cheapest path through each is kept in its middle.
    """
    rows = np.full(len(query), np.nan, np.float32)
    there = np.flatnonzero(~np.isnan(guess))
    length = max(2, round(BOX_S / column_s))
    for begin in range(0, len(there), length):
        own = there[begin : begin + length]
        first, last = _widened(own, round(MARGIN_S / column_s), len(query))
        inside = guess[first:last]
        low, high = _widened(inside[~np.isnan(inside)], round(MARGIN_S / row_s), len(reference))
        costs = excess(cost_matrix(reference[low:high], query[first:last]))
        found = rows_by_column(shortest_path(costs), last - first) + low
        rows[own] = found[own - first]
    return rows


def _widened(values: NDArray[np.generic], margin: int, size: int) -> tuple[int, int]:
    low, high = int(np.min(values)), int(np.max(values))
    return max(0, low - margin), min(size, high + margin + 1)
