"""Does the error fall where the confidence rises? Sparsification after Ilg et al. (ECCV 2018).

Pixels are dropped from the least confident on and the mean error of the rest is drawn against
the share that is kept. The oracle drops the largest errors first: no confidence can do better.
The area between the two (AUSE) is 0 for a perfect order of the pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, InputError
from .maps import check_same_size, convert, fill_to_full_coverage, known

SHARES: NDArray[np.float64] = np.arange(1, 21) / 20.0


@dataclass(frozen=True)
class SparsificationCurve:
    """Mean absolute error of the most confident `share` of the pixels, and the oracle's.

    `share`: ascending to 1; `error`, `oracle`: in the unit of the errors. All of one length.
    """

    share: tuple[float, ...]
    error: tuple[float, ...]
    oracle: tuple[float, ...]

    @property
    def ause(self) -> float:
        """Area between curve and oracle over the shares, in the unit of the errors."""
        gap = np.subtract(self.error, self.oracle)
        return float(np.sum(np.diff(self.share) * (gap[1:] + gap[:-1]) / 2.0))

    @property
    def relative_ause(self) -> float:
        """`ause` divided by the error of all pixels; NaN where that is 0."""
        return self.ause / self.error[-1] if self.error[-1] else float("nan")

    def error_of(self, share: float) -> float:
        """Mean error of the most confident `share` (0..1], linear between the curve's points."""
        return float(np.interp(share, self.share, self.error))

    def to_json(self) -> dict[str, object]:
        return {
            "share": self.share,
            "error": self.error,
            "oracle": self.oracle,
            "error_of_all": self.error_of(1.0),
            "error_of_half": self.error_of(0.5),
            "ause": self.ause,
            "relative_ause": self.relative_ause,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> SparsificationCurve:
        """What `to_json` gave; raises InputError on anything else."""
        try:
            columns = [tuple(map(float, content[name])) for name in ("share", "error", "oracle")]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this is no sparsification curve: {error}") from error
        if not columns[0] or len({len(column) for column in columns}) != 1:
            raise InputError("share, error and oracle of a sparsification must have one length")
        return cls(*columns)


def sparsification_curve(
    errors: NDArray[np.floating], confidence: NDArray[np.floating]
) -> SparsificationCurve | None:
    """The curve of absolute `errors` by `confidence`, both of one shape; None without pixels.

    Pixels of equal confidence count with their mean error, so that the curve does not depend on
    the order of the pixels. A share is rounded up to whole pixels.
    """
    if not errors.size:
        return None
    counts = np.ceil(SHARES * errors.size - 1e-9).astype(np.intp)
    order = np.argsort(-confidence.ravel(), kind="stable")
    ranked = errors.ravel()[order].astype(np.float64)
    starts = np.flatnonzero(np.diff(confidence.ravel()[order], prepend=np.inf))
    sizes = np.diff(starts, append=ranked.size)
    smooth = np.repeat(np.add.reduceat(ranked, starts) / sizes, sizes)
    ideal = np.sort(ranked)
    return SparsificationCurve(
        tuple(SHARES.tolist()),
        tuple((np.cumsum(smooth)[counts - 1] / counts).tolist()),
        tuple((np.cumsum(ideal)[counts - 1] / counts).tolist()),
    )


def depth_sparsification(
    estimate: FloatArray, truth: FloatArray, confidence: FloatArray
) -> SparsificationCurve | None:
    """The curve of the error in dioptres over all pixels with a known truth.

    `estimate`, `truth`: H x W metres; `confidence`: H x W, 0..1. Where the estimate is unknown it
    is filled from the nearest known pixel with confidence 0. None where either map is unknown
    throughout. Raises InputError where the sizes differ.
    """
    check_same_size(estimate, truth)
    check_same_size(confidence, truth, "the confidence")
    valid = known(truth)
    covered = known(estimate)
    if not covered.any():
        return None
    filled = fill_to_full_coverage(estimate)[valid]
    errors = np.abs(convert(filled, "dioptres") - convert(truth[valid], "dioptres"))
    trust = np.where(covered, np.nan_to_num(confidence), np.float32(0))[valid]
    return sparsification_curve(errors, trust)


def mean_curve(curves: Sequence[SparsificationCurve]) -> SparsificationCurve | None:
    """The mean over images, each of one weight; None without any."""
    if not curves:
        return None
    error = np.mean([curve.error for curve in curves], axis=0)
    oracle = np.mean([curve.oracle for curve in curves], axis=0)
    return SparsificationCurve(curves[0].share, tuple(error.tolist()), tuple(oracle.tolist()))
