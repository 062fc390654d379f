"""The matching tour of two videos: where they show one route, and which frame is which."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from ...files.limits import GIB, MATRIX_GIB
from ...types import FloatArray, InputError
from .costs import cost_matrix, decorrelated, excess
from .settings import TourSettings
from .stripes import runs, stripe_rows

BLOCKED = 1e4
"""Cost of a node that no path may use."""
LIKELY = 0.15
"""By how much `contrast` may be missed in a tour of which `minimum_s` are certain."""
MOSTLY = 0.5
"""Share of a tour that is certain where there are doubtful gaps in it."""
CLEAR = 0.65
"""Share of the best path elsewhere below which half of a recording that is shorter than twice
`minimum_s` is a tour."""
MOVED = 0.25
"""Share of `minimum_s` that a tour goes in the reference: one frame alone looks like much."""
_LEAST = 8
_LASTING = 16
"""Frames that a path has at least where what is weak but lasts counts."""
_BEST, _SPREAD = 20, 0.35
"""A frame may be so much weaker than the best per cent of a weak path: what is weak beside a clear
tour is a detour."""
_GAP = 3
"""Frames that may be missing in a tour, however far apart they are."""


@dataclass(frozen=True, slots=True)
class Tour:
    """The row of the reference per frame of the query, (m,) float32, NaN where they show no common
    place; `confidence` (m,) in 0..1: how much less the path costs than the best one elsewhere.
    """

    rows: FloatArray
    confidence: FloatArray

    @property
    def matched(self) -> NDArray[np.bool_]:
        """Per frame of the query, whether it has a place in the reference."""
        return ~np.isnan(self.rows)

    def __bool__(self) -> bool:
        return bool(self.matched.any())


def find_tour(
    reference: FloatArray,
    query: FloatArray,
    reference_s: NDArray[np.float64],
    query_s: NDArray[np.float64],
    settings: TourSettings | None = None,
) -> Tour:
    """The tour of unit descriptors (n, d) and (m, d), whose frames are at `reference_s` (n,) and
    `query_s` (m,), seconds. Raises InputError where one has fewer than eight frames, or both so
    many that the matrix is larger than it may be.
    """
    for name, frames in (("reference", reference), ("query", query)):
        if len(frames) < _LEAST:
            raise InputError(f"the {name} has {len(frames)} frames: a tour needs {_LEAST} at least")
    n, m = len(reference), len(query)
    matrix = f"the cost matrix of recordings that are this long ({n} by {m} frames)"
    MATRIX_GIB.check(n * m * np.dtype(np.float32).itemsize / GIB, matrix)
    settings = settings or TourSettings()
    costs = decorrelated(cost_matrix(reference, query), settings.rank)
    return tour_of_costs(costs, period_s(reference_s), period_s(query_s), settings)


def tour_of_costs(costs: FloatArray, row_s: float, column_s: float, settings: TourSettings) -> Tour:
    """The tour through `costs` (n, m), none of them negative, of frames that are so far apart."""
    length = max(2, round(settings.stripe_s / column_s))
    overlap = round(settings.overlap_s / column_s)
    rows = stripe_rows(excess(costs), length, overlap, settings.join_s / row_s)
    join_s = max(settings.join_s, _GAP * max(row_s, column_s))
    ratio, share = cost_ratio(costs, rows, row_s, column_s, settings)
    plausible = ~ambiguous(costs, rows, settings, row_s, column_s)
    kept = plausible & (ratio < settings.contrast)
    kept = _without_gaps(kept, rows, join_s, row_s, column_s)
    likely = kept | (plausible & (ratio < settings.contrast + LIKELY))
    joined = _without_gaps(likely, rows, join_s, row_s, column_s)
    for begin, end in runs(joined):
        # Of two foreign videos what is certain lies scattered.
        likely[begin:end] |= np.mean(kept[begin:end]) >= MOSTLY
    shorter_s = min(len(costs) * row_s, len(rows) * column_s)
    for begin, end in runs(likely):
        clear = float(np.mean(ratio[begin:end])) < CLEAR
        needed_s = min(settings.minimum_s, MOSTLY * shorter_s) if clear else settings.minimum_s
        certain_s = kept[begin:end].sum() * column_s
        moved_s = (rows[end - 1] - rows[begin]) * row_s
        likely[begin:end] = certain_s >= needed_s and moved_s >= MOVED * needed_s
    kept = likely
    confidence = np.where(kept, 1.0 - np.minimum(share, 1.0), 0.0)
    return Tour(np.where(kept, rows, np.nan).astype(np.float32), confidence.astype(np.float32))


def period_s(times_s: NDArray[np.float64]) -> float:
    """The usual step of times (n,), seconds; raises InputError where they do not go forward."""
    step = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    if not step > 0:
        raise InputError("the stamps of the frames do not go forward: record them anew")
    return step


def cost_ratio(
    costs: FloatArray, rows: FloatArray, row_s: float, column_s: float, settings: TourSettings
) -> tuple[FloatArray, FloatArray]:
    """What the path at `rows` (m,) costs, as a share of the cheapest one that stays `epsilon_s`
    away from it, both over `window_s` around each column; (m,), 1 where there is no path. First as
    `contrast` is asked of it, then as it is, over `lasting_s` where that is what counts.

    It tells videos of other routes, detours, and where a tour begins and ends: there, other paths
    cost no more. What lasts may be weaker by as much as `lasting` is above `contrast`: of frames
    that are metres apart, in a corridor, none is much like another.
    """
    there = np.flatnonzero(~np.isnan(rows))
    ratio, share = np.ones((2, len(rows)), np.float32)
    if not len(there):
        return ratio, share
    reach = max(1, round(settings.epsilon_s / row_s))
    other = costs.copy()
    for column in there:
        row = int(rows[column])
        other[max(0, row - reach) : row + reach + 1, column] = BLOCKED
    length = max(2, round(settings.stripe_s / column_s))
    elsewhere = stripe_rows(other, length, round(settings.overlap_s / column_s), np.inf)
    own = _along(costs, rows, there)
    rival = np.minimum(_along(other, elsewhere, there), float(np.median(costs)))

    def over(seconds: float) -> FloatArray:
        window = max(1, round(seconds / column_s))
        means = [uniform_filter1d(values, window) for values in (own, rival)]
        return np.asarray(means[0] / np.maximum(means[1], 1e-9), np.float32)

    ratio[there] = share[there] = near = over(settings.window_s)
    if settings.lasting and len(there) >= _LASTING:
        whole = over(settings.lasting_s)
        weaker = whole - (settings.lasting - settings.contrast)
        counts = (near < np.percentile(near, _BEST) + _SPREAD) & (weaker < near)
        ratio[there] = np.where(counts, weaker, near)
        share[there] = np.where(counts, whole, near)
    return ratio, share


def ambiguous(
    costs: FloatArray, rows: FloatArray, settings: TourSettings, row_s: float, column_s: float
) -> NDArray[np.bool_]:
    """Where a node p of the path has p' at (x ± eps, y) or (x, y ± eps) with c(p') <= xi c(p):
    section 4.3, step 4; xi is printed as "56", which is a fraction 5/6 that lost its line.
    """
    n, m = costs.shape
    found = np.zeros(m, np.bool_)
    there = np.flatnonzero(~np.isnan(rows))
    own_rows = rows[there].astype(np.int64)
    own = costs[own_rows, there]
    down, right = (max(1, round(settings.epsilon_s / step)) for step in (row_s, column_s))
    for row, column in ((-down, 0), (down, 0), (0, -right), (0, right)):
        r, c = own_rows + row, there + column
        inside = (r >= 0) & (r < n) & (c >= 0) & (c < m)
        rival = costs[r[inside], c[inside]]
        found[there[inside]] |= rival <= settings.xi * own[inside]
    return found


def _along(costs: FloatArray, rows: FloatArray, columns: NDArray[np.int64]) -> FloatArray:
    at = np.nan_to_num(rows[columns]).astype(np.int64)
    return np.asarray(costs[at, columns], np.float32)


def _without_gaps(
    kept: NDArray[np.bool_], rows: FloatArray, join_s: float, row_s: float, column_s: float
) -> NDArray[np.bool_]:
    """Gaps no longer than `join_s` in both videos belong to the tour."""
    closed = kept.copy()
    found = list(runs(kept))
    for (_, begin), (end, _) in pairwise(found):
        step = abs(rows[end] - rows[begin - 1]) * row_s
        if (end - begin) * column_s <= join_s and step <= 2 * join_s:
            closed[begin:end] = ~np.isnan(rows[begin:end])
    return closed
