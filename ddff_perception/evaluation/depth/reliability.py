"""Is a confidence of 0.8 right in eight pixels of ten? Reliability table and calibration error.

The project's confidence is the probability that the depth is within 10 % of the truth. Pixels are
sorted into bins of equal width by their confidence; in a calibrated bin the mean confidence equals
the observed share of pixels within 10 %. The expected calibration error is the mean distance of
the two over the pixels (Guo et al., ICML 2017, eq. 5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, InputError
from .maps import check_same_size, known

TOLERANCE = 0.1
BINS = 10


@dataclass(frozen=True)
class ReliabilityBin:
    """Pixels with a confidence in [`low`, `high`), the last bin closed.

    `confidence` is their mean confidence and `observed` the share within the tolerance, both
    NaN in an empty bin.
    """

    low: float
    high: float
    pixels: int
    confidence: float
    observed: float


@dataclass(frozen=True)
class Reliability:
    """The table and what sums it up.

    `expected_calibration_error`: 0 (calibrated) to 1. `brier_score`: mean square of confidence
    minus outcome. `observed`: share of all pixels within the tolerance; `confidence`: their mean
    confidence. NaN without pixels.
    """

    bins: tuple[ReliabilityBin, ...]
    expected_calibration_error: float
    brier_score: float
    confidence: float
    observed: float

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Reliability:
        """What `to_json` gave, null as NaN; raises InputError on anything else."""

        def number(mapping: Mapping[str, Any], name: str) -> float:
            return float("nan") if mapping[name] is None else float(mapping[name])

        try:
            columns = ("low", "high", "confidence", "observed")
            bins = tuple(
                ReliabilityBin(pixels=int(row["pixels"]), **{n: number(row, n) for n in columns})
                for row in content["bins"]
            )
            names = ("expected_calibration_error", "brier_score", "confidence", "observed")
            return cls(bins, *(number(content, name) for name in names))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this is no reliability table: {error}") from error


def merged(tables: Sequence[Reliability]) -> Reliability:
    """One table over the pixels of all, which have the same bins."""
    sums = ReliabilitySums(len(tables[0].bins))
    for table in tables:
        sums += ReliabilitySums.of(table)
    return sums.reliability()


class ReliabilitySums:
    """Counts per bin of confidence, added up over images."""

    def __init__(self, bins: int = BINS, tolerance: float = TOLERANCE) -> None:
        self.tolerance = tolerance
        self._pixels: NDArray[np.float64] = np.zeros(bins)
        self._confidence: NDArray[np.float64] = np.zeros(bins)
        self._right: NDArray[np.float64] = np.zeros(bins)
        self._squares = 0.0

    def add(self, estimate: FloatArray, truth: FloatArray, confidence: FloatArray) -> None:
        """Count the pixels where estimate and truth are known.

        `estimate`, `truth`: H x W metres; `confidence`: H x W, 0..1, NaN counts as 0. A truth at
        infinity is met by infinity only. Raises InputError where the sizes differ.
        """
        check_same_size(estimate, truth)
        check_same_size(confidence, truth, "the confidence")
        scored = known(truth) & known(estimate)
        f, d = estimate[scored].astype(np.float64), truth[scored].astype(np.float64)
        p = np.clip(np.nan_to_num(confidence[scored]), 0.0, 1.0).astype(np.float64)
        with np.errstate(invalid="ignore"):
            right = (np.abs(f - d) < self.tolerance * d) & np.isfinite(f) | (f == d)
        number = self._pixels.size
        index = np.minimum((p * number).astype(np.intp), number - 1)
        self._pixels += np.bincount(index, minlength=number)
        self._confidence += np.bincount(index, weights=p, minlength=number)
        self._right += np.bincount(index, weights=right, minlength=number)
        self._squares += float(np.square(p - right).sum())

    @classmethod
    def of(cls, table: Reliability) -> ReliabilitySums:
        """The counts that a finished table came from."""
        sums = cls(len(table.bins))
        pixels = np.array([row.pixels for row in table.bins], dtype=np.float64)
        sums._pixels = pixels
        sums._confidence = pixels * np.nan_to_num([row.confidence for row in table.bins])
        sums._right = pixels * np.nan_to_num([row.observed for row in table.bins])
        sums._squares = float(pixels.sum() * np.nan_to_num(table.brier_score))
        return sums

    def __add__(self, other: ReliabilitySums) -> ReliabilitySums:
        if (self._pixels.size, self.tolerance) != (other._pixels.size, other.tolerance):
            raise ValueError("reliabilities of different bins or tolerances do not add up")
        result = ReliabilitySums(self._pixels.size, self.tolerance)
        result._pixels = self._pixels + other._pixels
        result._confidence = self._confidence + other._confidence
        result._right = self._right + other._right
        result._squares = self._squares + other._squares
        return result

    def reliability(self) -> Reliability:
        edges = np.arange(self._pixels.size + 1) / self._pixels.size
        total = self._pixels.sum()
        with np.errstate(invalid="ignore"):
            confidence = self._confidence / self._pixels
            observed = self._right / self._pixels
            gaps = np.abs(self._confidence - self._right).sum()
            means = np.array([gaps, self._squares, self._confidence.sum(), self._right.sum()])
            error, brier, mean_confidence, mean_observed = (means / total).tolist()
        rows = zip(edges[:-1], edges[1:], self._pixels, confidence, observed, strict=True)
        bins = tuple(
            ReliabilityBin(float(low), float(high), int(n), float(c), float(o))
            for low, high, n, c, o in rows
        )
        return Reliability(bins, error, brier, mean_confidence, mean_observed)


def reliability(estimate: FloatArray, truth: FloatArray, confidence: FloatArray) -> Reliability:
    """The reliability of one image; see `ReliabilitySums.add`."""
    sums = ReliabilitySums()
    sums.add(estimate, truth, confidence)
    return sums.reliability()
