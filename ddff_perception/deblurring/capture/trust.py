"""A frame in the newest one's view, and where it shows what that one shows."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from ...optics.registration import scaling
from ...optics.resampling import Matrix
from ...types import FloatArray, ImageArray

# Blur moves light by some pixels: images that are shrunken and smoothed differ by it no more.
_SHRINK, _SMOOTHING_PX = 4, 1.5


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


def trust(
    newest: FloatArray, aligned: FloatArray, matrix: Matrix, shape: tuple[int, ...], limit: float
) -> FloatArray:
    """For images of `shape`, H x W float32 in 0..1: 1 where both (`smoothed`) agree, 0.5 where they
    differ by `limit`, 0 where the aligned frame, seen through `matrix`, shows nothing.
    """
    difference = cv2.absdiff(newest, aligned)
    if difference.ndim == 3:
        difference = difference.max(axis=2)
    share = 1.0 / (1.0 + np.square(np.square(difference / np.float32(limit))))
    scale = scaling(shape, share.shape)
    small = scale @ matrix @ np.linalg.inv(scale)
    size = (share.shape[1], share.shape[0])
    # The border counts as outside: cubic interpolation reaches that far.
    shown = np.zeros(share.shape, np.float32)
    shown[1:-1, 1:-1] = 1.0
    if not np.array_equal(matrix, np.eye(3)):
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        share *= cv2.warpPerspective(shown, small, size, flags=flags) > 0.99
    full = cv2.resize(share, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, np.float32)
