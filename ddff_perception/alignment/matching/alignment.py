"""Two whole recordings: coarse tour, refined at full rate, smoothed into a time map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray
from .refinement import refined_rows
from .settings import TourSettings
from .smoothing import SmoothingSettings, smoothed
from .stripes import runs
from .tours import find_tour, period_s

COARSE_HZ = 3.0
"""Rate at which tours are sought: every tenth frame of 30 Hz (section 4.3.1)."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Per frame of the query (m,): its time in the reference [s], NaN where that does not show the
    place; the nearest frame there, -1 without; confidence 0..1; rate, 0 without a match.
    """

    reference_s: NDArray[np.float64]
    rows: NDArray[np.int64]
    confidence: FloatArray
    rate: NDArray[np.float64]


def align(
    reference: FloatArray,
    query: FloatArray,
    reference_s: NDArray[np.float64],
    query_s: NDArray[np.float64],
    settings: TourSettings | None = None,
    smoothing: SmoothingSettings | None = None,
) -> Alignment:
    """The time map of unit descriptors (n, d) and (m, d) at times (n,) and (m,), seconds.

    Raises InputError where a recording is too short.
    """
    row_s, column_s = period_s(reference_s), period_s(query_s)
    rows_apart, columns_apart = (max(1, round(1 / COARSE_HZ / s)) for s in (row_s, column_s))
    coarse = find_tour(
        reference[::rows_apart],
        query[::columns_apart],
        reference_s[::rows_apart],
        query_s[::columns_apart],
        settings,
    )
    at = np.arange(len(query))
    guess = _between(at, at[::columns_apart], coarse.rows * rows_apart)
    rows = refined_rows(reference, query, guess, row_s, column_s)
    times = np.full(len(query), np.nan)
    rate = np.zeros(len(query))
    nearest = np.full(len(query), -1, np.int64)
    for begin, end in runs(~np.isnan(rows)):
        measured = np.interp(rows[begin:end], np.arange(len(reference_s)), reference_s)
        times[begin:end], rate[begin:end] = smoothed(query_s[begin:end], measured, smoothing)
        right = np.clip(np.searchsorted(reference_s, times[begin:end]), 1, len(reference_s) - 1)
        later = np.abs(reference_s[right] - times[begin:end])
        earlier = np.abs(reference_s[right - 1] - times[begin:end])
        nearest[begin:end] = np.where(earlier <= later, right - 1, right)
    sure = np.where(coarse.matched, coarse.confidence, np.float32(np.nan))
    confidence = np.where(np.isnan(times), 0.0, _between(at, at[::columns_apart], sure))
    return Alignment(times, nearest, confidence.astype(np.float32), rate)


def _between(at: NDArray[np.int64], known: NDArray[np.int64], values: FloatArray) -> FloatArray:
    """Values at all frames, of those at `known` ones; NaN beside a NaN, but for the frames that are
    nearer to a known value than to the next one.
    """
    right = np.clip(np.searchsorted(known, at), 1, len(known) - 1)
    low, high = values[right - 1], values[right]
    share = np.clip((at - known[right - 1]) / (known[right] - known[right - 1]), 0.0, 1.0)
    mixed = low + share * (high - low)
    single = np.where(share < 0.5, low, high)
    return np.asarray(np.where(np.isnan(mixed), single, mixed), np.float32)
