"""PSNR by class, its mean over the classes, and which network restores which class best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, InputError

UNLABELLED = 255
Numbers = NDArray[np.float64]


@dataclass
class ClassErrors:
    """Squared errors of each class of `names`, summed up over images.

    PSNR is 10 log10 (1 / MSE) on all channels; of a class of its pixels alone (Hazirbas, sec. 5.4;
    the formula is not printed, 1 is full range).
    """

    names: Sequence[str]

    def __post_init__(self) -> None:
        self._sums = np.zeros(len(self.names) + 1)
        self._counts = np.zeros(len(self.names) + 1)

    def add(self, image: FloatArray, clean: FloatArray, labels: NDArray[np.uint8]) -> None:
        """One image and the clean one, H x W (x 3) in 0..1, and its labels, H x W, 255 unlabelled.

        Raises InputError where they are not of one size.
        """
        if image.shape != clean.shape or image.shape[:2] != labels.shape:
            raise InputError(
                f"image {image.shape}, clean image {clean.shape} and labels {labels.shape} differ"
            )
        error = np.square(image.astype(np.float64) - clean)
        error = error if error.ndim == 2 else error.mean(axis=2)
        # What is unlabelled, or of no class, counts in the last place.
        index = np.minimum(labels, len(self.names)).ravel()
        size = len(self._sums)
        self._sums += np.bincount(index, error.ravel(), size)
        self._counts += np.bincount(index, minlength=size)

    @property
    def psnr_db(self) -> dict[str, float]:
        """By class; NaN where it was not there, inf without an error."""
        with np.errstate(divide="ignore", invalid="ignore"):
            values = -10 * np.log10(self._sums / self._counts)
        return dict(zip(self.names, values[:-1].tolist(), strict=True))

    @property
    def frequency(self) -> dict[str, float]:
        """Shares of all pixels, by class."""
        total = max(float(self._counts.sum()), 1.0)
        return dict(zip(self.names, (self._counts[:-1] / total).tolist(), strict=True))

    @property
    def mean_db(self) -> float:
        """Mean of the classes that were there."""
        values = [value for value in self.psnr_db.values() if not np.isnan(value)]
        return float(np.mean(values)) if values else float("nan")

    @property
    def overall_db(self) -> float:
        """Of all pixels, unlabelled ones too."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(-10 * np.log10(self._sums.sum() / self._counts.sum()))


def stream_by_class(streams: Mapping[str, ClassErrors]) -> Numbers:
    """S x C: PSNR of each stream (row) on each class (column), each row by its own range:
    1 where a stream is best, 0 where it is worst (Fig. 5.6, row-normalised).
    """
    rows = np.array([list(errors.psnr_db.values()) for errors in streams.values()])
    low, high = np.nanmin(rows, axis=1, keepdims=True), np.nanmax(rows, axis=1, keepdims=True)
    return np.asarray((rows - low) / np.maximum(high - low, 1e-12))
