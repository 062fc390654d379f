"""A frame in the newest one's view, and where it shows what that one shows."""

from __future__ import annotations

from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.registration import scaling
from ...optics.resampling import Matrix
from ...types import FloatArray, ImageArray

# Blur moves light by some pixels: images that are shrunken and smoothed differ by it no more.
_SHRINK, _SMOOTHING_PX = 4, 1.5
# Values by which brightness is compared, and the least share of them: no noise, nothing saturated.
_MEASURED, _LEAST_MEASURED = (0.02, 0.95), 0.02


class Shown(NamedTuple):
    """A frame's `smoothed` values in another view, and h x w bool: where it shows something."""

    values: FloatArray
    inside: NDArray[np.bool_]


def seen_through(image: ImageArray, matrix: Matrix) -> ImageArray:
    """A frame in the newest one's view, `matrix` from that one's pixels; its border is repeated."""
    if np.array_equal(matrix, np.eye(3)):
        return image
    size = (image.shape[1], image.shape[0])
    flags, border = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
    seen = cv2.warpPerspective(image, matrix, size, flags=flags, borderMode=border)
    return cast(ImageArray, seen)


def smoothed(image: ImageArray) -> FloatArray:
    """`image` in 0..1, shrunken and smoothed: what `trust` compares."""
    height, width = image.shape[:2]
    size = (max(1, width // _SHRINK), max(1, height // _SHRINK))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    values = np.multiply(small, 1.0 / np.iinfo(image.dtype).max, dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(values, (0, 0), _SMOOTHING_PX), np.float32)


def smoothed_through(values: FloatArray, matrix: Matrix, shape: tuple[int, ...]) -> Shown:
    """What `smoothed` made of a frame of `shape`, in the view that `matrix` comes from."""
    height, width = values.shape[:2]
    shown = np.zeros((height, width), np.float32)
    # The border counts as outside: cubic interpolation reaches that far.
    shown[1:-1, 1:-1] = 1.0
    if np.array_equal(matrix, np.eye(3)):
        return Shown(values, np.ones(shown.shape, bool))
    scale, size = scaling(shape, (height, width)), (width, height)
    small = scale @ matrix @ np.linalg.inv(scale)
    flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
    seen = cv2.warpPerspective(values, small, size, flags=flags, borderMode=border)
    inside = cv2.warpPerspective(shown, small, size, flags=flags) > 0.99
    return Shown(np.asarray(seen, np.float32), np.asarray(inside))


def brighter(newest: FloatArray, aligned: Shown) -> float:
    """By what factor the `newest` (`smoothed`) is brighter where both show the same; 1 where that
    cannot be told. The median: a pan to a window, or what moves by itself, is no exposure.
    """
    dark, bright = _MEASURED
    found = aligned.values
    fine = (newest > dark) & (newest < bright) & (found > dark) & (found < bright)
    fine &= aligned.inside if found.ndim == 2 else aligned.inside[..., None]
    if np.count_nonzero(fine) < _LEAST_MEASURED * fine.size:
        return 1.0
    return float(np.median(newest[fine] / found[fine]))


def trust(newest: FloatArray, aligned: Shown, shape: tuple[int, ...], limit: float) -> FloatArray:
    """For images of `shape`, H x W float32 in 0..1: 1 where both (`smoothed`) agree, 0.5 where they
    differ by `limit`, 0 where the aligned frame shows nothing.
    """
    difference = cv2.absdiff(newest, aligned.values)
    if difference.ndim == 3:
        difference = difference.max(axis=2)
    share = 1.0 / (1.0 + np.square(np.square(difference / np.float32(limit))))
    share *= aligned.inside
    full = cv2.resize(share, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, np.float32)
