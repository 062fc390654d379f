"""Holes of a depth image filled from around, along the edges of the colour image.

Normalised convolution with the recursive edge-aware filter of E. Gastal and M. Oliveira, "Domain
transform for edge-aware image and video processing", SIGGRAPH 2011, equations 11 and 21: what is
known is spread through the holes, and less of it across edges.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from ...types import FloatArray

# Reach in space, as a share of the width, and in 8-bit grey levels, of each of the two passes.
_REACH, _LEVELS = (0.12, 0.05), 12.0
_NOTHING = 1e-12


def filled_depth(
    depth: FloatArray, colour: NDArray[np.uint8] | None
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """`depth` (H x W float32 metres, NaN unknown) without holes, and where they were.

    `colour`: H x W x 3 of the same pixels; None where only depth says where edges are. Depth
    without a known pixel stays as it is.
    """
    holes = np.isnan(depth)
    if not holes.any() or holes.all():
        return depth, np.zeros_like(holes) if not holes.any() else ~holes
    nearest = _nearest(depth, holes)
    known = np.where(holes, np.float32(0), np.float32(1))
    inverse = np.where(holes, np.float32(0), 1 / nearest).astype(np.float32)
    planes = np.stack([inverse, known], axis=-1)
    across, down = _steps(nearest if colour is None else colour)
    for share in _REACH:
        reach = share * depth.shape[1]
        decay = float(np.exp(-np.sqrt(2) / reach))
        _smoothed(planes, (decay ** (1 + reach / _LEVELS * across)).astype(np.float32))
        turned = np.ascontiguousarray(planes.transpose(1, 0, 2))
        _smoothed(turned, (decay ** (1 + reach / _LEVELS * down)).T.astype(np.float32))
        planes = np.ascontiguousarray(turned.transpose(1, 0, 2))
    reached = holes & (planes[..., 1] > _NOTHING)
    result = nearest
    result[reached] = planes[..., 1][reached] / np.maximum(planes[..., 0][reached], 1e-30)
    return result, holes


def _nearest(depth: FloatArray, holes: NDArray[np.bool_]) -> FloatArray:
    rows, columns = distance_transform_edt(holes, return_distances=False, return_indices=True)
    return np.ascontiguousarray(depth[rows, columns])


def _steps(guide: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """How much the guide changes from the pixel before, along rows and along columns."""
    # Of depth, a hundred times its inverse counts as levels of grey.
    levels = 100 / guide if guide.ndim == 2 else guide
    smooth = np.asarray(levels, np.float32).reshape(*guide.shape[:2], -1)
    smooth = np.asarray(cv2.GaussianBlur(smooth, (3, 3), 0)).reshape(smooth.shape)
    across, down = np.zeros(guide.shape[:2], np.float32), np.zeros(guide.shape[:2], np.float32)
    across[:, 1:] = np.abs(np.diff(smooth, axis=1)).max(axis=2)
    down[1:] = np.abs(np.diff(smooth, axis=0)).max(axis=2)
    return across, down


def _smoothed(planes: FloatArray, share: FloatArray) -> None:
    """In place along rows, forwards and back; `share` of the neighbour goes into each pixel."""
    kept = share[..., None]
    width = planes.shape[1]
    for x in range(1, width):
        planes[:, x] += kept[:, x] * (planes[:, x - 1] - planes[:, x])
    for x in range(width - 2, -1, -1):
        planes[:, x] += kept[:, x + 1] * (planes[:, x + 1] - planes[:, x])
