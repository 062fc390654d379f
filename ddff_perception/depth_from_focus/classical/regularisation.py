"""Edge-aware regularisation: what is certain stays, what is not takes its value from within the
same image region.

The weighted least squares of Min et al., 'Fast global image smoothing based on weighted least
squares', TIP 2014: position and weight are smoothed alike by one-dimensional solves along rows and
columns in turn, and divided. Works in dioptres, on a grid of cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray


@dataclass(frozen=True)
class RegularisationSettings(Settings):
    """How far uncertain depth takes its value from its image region."""

    regularisation: float = parameter(
        0.0,
        "how far uncertain depth is drawn from its image region; 0 leaves it as it is, "
        "100 to 1000 suits single-window methods",
        limits=(0.0, 1e6),
    )
    regularisation_edge: float = parameter(
        6.0, "image difference across which hardly anything is drawn", "grey levels", (0.1, 255.0)
    )
    regularisation_power: float = parameter(
        4.0, "a pixel weighs as its confidence to this power", limits=(0.5, 16.0)
    )


CELL = 4
PASSES = 3
# Where nothing is certain the mean of everything is better than a division by zero.
LEAST_WEIGHT = 1e-4


def regularise(
    position: FloatArray,
    confidence: FloatArray,
    guide: ImageArray,
    settings: RegularisationSettings,
) -> FloatArray:
    """`position` with its uncertain parts drawn from certain ones of the same image region.

    `position`: H x W float32, dioptres; `confidence`: H x W, 0..1, how much of the own value
    stays; `guide`: the all-in-focus image, H x W or H x W x 3. Returns H x W float32.
    """
    height, width = position.shape
    size = (max(2, width // CELL), max(2, height // CELL))
    own, sure, image = (_shrink(array, size) for array in (position, confidence, guide))
    if guide.dtype == np.uint16:
        image = image * np.float32(1.0 / 257.0)
    weight = np.power(sure, settings.regularisation_power) + LEAST_WEIGHT
    both = np.stack([own * weight, weight]).astype(np.float64)
    along_x, along_y = _couplings(image, settings.regularisation_edge)
    for number in range(PASSES):
        # Shrinking strengths keep the streaks of separate solves from showing (their equation 12).
        share = 1.5 * settings.regularisation * 4.0 ** (PASSES - 1 - number) / (4.0**PASSES - 1)
        both = _solve_rows(both, along_x, share)
        both = _solve_rows(both.transpose(0, 2, 1), along_y.T, share).transpose(0, 2, 1)
    drawn = (both[0] / both[1]).astype(np.float32)
    grown: Any = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown + confidence * (position - grown), np.float32)


def _couplings(image: FloatArray, edge: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How strongly neighbours along x (h x w-1) and along y (h-1 x w) hang together, 0..1."""
    planes = image[..., None] if image.ndim == 2 else image
    step_x = np.abs(np.diff(planes, axis=1)).max(axis=-1)
    step_y = np.abs(np.diff(planes, axis=0)).max(axis=-1)
    return np.exp(-step_x / edge).astype(np.float64), np.exp(-step_y / edge).astype(np.float64)


def _solve_rows(
    values: NDArray[np.float64], coupling: NDArray[np.float64], strength: float
) -> NDArray[np.float64]:
    """(1 + strength L)^-1 `values` for each row, L the row's weighted Laplacian.

    All rows are one banded system without coupling between them: one call for all.
    """
    count, rows, columns = values.shape
    off = np.zeros((rows, columns))
    off[:, 1:] = -strength * coupling
    following = np.zeros_like(off)
    following[:, :-1] = off[:, 1:]
    bands = np.stack([off.ravel(), (1.0 - off - following).ravel()])
    right = values.reshape(count, -1).T
    solved = solveh_banded(bands, right, overwrite_ab=True, check_finite=False)
    return np.asarray(solved.T.reshape(count, rows, columns))


def _shrink(array: Any, size: tuple[int, int]) -> FloatArray:
    small: Any = cv2.resize(array, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
