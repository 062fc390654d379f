"""Counts of pixels by true and found class, and every score that is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...simulation.classes import NYU13
from ...types import InputError


def class_pixels(labels: NDArray[np.uint8], classes: int) -> NDArray[np.int64]:
    """Pixels of each class; what is out of range (unlabelled) counts for none."""
    return np.bincount(labels.ravel(), minlength=256)[:classes].astype(np.int64)


def confusion(
    truth: NDArray[np.uint8], found: NDArray[np.uint8], classes: int = len(NYU13)
) -> NDArray[np.int64]:
    """Pixels by true class (row) and found class; the last column is what was left unlabelled.

    Pixels whose true label is none of the classes count for nothing. Raises InputError where the
    images differ in size.
    """
    if truth.shape != found.shape:
        raise InputError(f"labels of {found.shape} are compared with true ones of {truth.shape}")
    labelled = truth < classes
    column = np.minimum(found[labelled], classes).astype(np.int64)
    pairs = truth[labelled].astype(np.int64) * (classes + 1) + column
    return np.bincount(pairs, minlength=classes * (classes + 1)).reshape(classes, classes + 1)


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of section 4.4, from a `confusion` (classes x classes + 1).

    By class, NaN where there is nothing to divide by: `recall` TP / (TP + FN), which the thesis's
    tables call accuracy; `precision` TP / (TP + FP), as its formula is printed (erratum); `iou`
    TP / (TP + FP + FN); `frequency`, the share of the labelled pixels. Means are over the classes
    that the truth shows; a class that is only found wrongly lowers the others' scores alone.
    """

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    iou: NDArray[np.float64]
    frequency: NDArray[np.float64]
    global_accuracy: float
    pixels: int

    @classmethod
    def of(cls, counts: NDArray[np.int64]) -> Scores:
        """The scores of these counts."""
        classes = len(counts)
        right = np.diag(counts[:, :classes]).astype(np.float64)
        true, found = counts.sum(axis=1), counts[:, :classes].sum(axis=0)
        total = int(counts.sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            return cls(
                recall=right / true,
                precision=right / found,
                iou=right / (true + found - right),
                frequency=true / total,
                global_accuracy=float(right.sum() / total) if total else float("nan"),
                pixels=total,
            )

    @property
    def present(self) -> NDArray[np.bool_]:
        """Classes that the truth shows."""
        return np.asarray(self.frequency > 0)

    @property
    def mean_recall(self) -> float:
        """The tables' mean accuracy."""
        return self._mean(self.recall)

    @property
    def mean_precision(self) -> float:
        """The mean as it is printed; a class that was never found counts 0."""
        return self._mean(np.nan_to_num(self.precision))

    @property
    def mean_iou(self) -> float:
        """Mean intersection over union."""
        return self._mean(self.iou)

    def _mean(self, values: NDArray[np.float64]) -> float:
        return float(values[self.present].mean()) if self.present.any() else float("nan")

    def record(self, names: Sequence[str] = NYU13) -> dict[str, Any]:
        """As JSON takes it, None for what is undefined."""
        by_class = {
            name: {
                "frequency": _rounded(self.frequency[n]),
                "recall": _rounded(self.recall[n]),
                "precision": _rounded(self.precision[n]),
                "iou": _rounded(self.iou[n]),
            }
            for n, name in enumerate(names)
        }
        return {
            "global": _rounded(self.global_accuracy),
            "mean_recall": _rounded(self.mean_recall),
            "mean_precision": _rounded(self.mean_precision),
            "mean_iou": _rounded(self.mean_iou),
            "pixels": self.pixels,
            "classes": by_class,
        }


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def calibration_error(
    confidence: NDArray[np.float32], right: NDArray[np.bool_], bins: int = 15
) -> float:
    """Expected calibration error: mean distance, weighted by pixels, between the confidence of
    those in each of `bins` equal intervals of 0..1 and the share of them that is right.
    """
    number = np.minimum((confidence * bins).astype(np.int64), bins - 1).ravel()
    pixels = np.bincount(number, minlength=bins)
    sums = np.bincount(number, confidence.ravel(), minlength=bins)
    rights = np.bincount(number, right.ravel(), minlength=bins)
    return float(np.abs(sums - rights).sum() / max(int(pixels.sum()), 1))
